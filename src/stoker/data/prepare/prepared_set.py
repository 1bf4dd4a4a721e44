"""The prepared set: what training reads, memory-mapped, one gather per column and batch.

A part is a folder: `part.json` and one raw little-endian file per column, `target.bin`, `row.bin`.
A fixed column has rows of one size (uint8 pixels, float64 numbers, int32 codes); a ragged one
(uint16 or uint32 tokens) has its values end to end and `.offsets.bin` beside them.  The target is
such a column too: a number a row, a vector, or values of any length.  The fixed input columns of a
wide table share one file, end to end, because a file a column costs more than its values.

There is no header and no compression, so the file *is* the array: opening costs a few system calls,
pages come from the disk when they are first touched and stay in the system's cache between runs.

The batch loader is `np.take(..., out=..., mode="clip")`: the default mode copies its output once
more, and a fresh array for each batch costs page faults.  With reused buffers it takes two thirds
of the time of a plain fancy gather of the memory map.

File sizes are checked when a part is opened; contents are checked by the store, by SHA-256.
It does not shuffle, augment or know about torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stoker.cells.column import Column
from stoker.cells.ragged import Ragged, Rows, rows_at, rows_between, values_of
from stoker.core.canonical import canonical_json
from stoker.core.closing import Closing
from stoker.core.errors import ArtifactError, Place
from stoker.data.prepare._pack import PackWriter, pack_offsets
from stoker.store.durable import machine_errors

FORMAT = 2
MOST_FILES = 128
"""Fixed columns that have a file each; more of them share one."""
_PACK, _TARGET, _ROW = "inputs/columns.bin", "target.bin", "row.bin"
_ROW_FORM = Column("int64")

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_TYPES = {"uint8", "uint16", "uint32", "int32", "int64", "float32", "float64"}


@dataclass(frozen=True)
class Batch:
    """Some rows of a prepared set, in the order that was asked for."""

    columns: dict[str, np.ndarray]
    """Fixed columns, shape (B, *feature.shape)."""
    target: Rows
    """Encoded targets, shape (B, *target shape), or ragged."""
    ragged: dict[str, Ragged]
    """Ragged columns."""

    def head(self, size: int) -> Batch:
        """The first `size` rows of fixed columns, without a copy."""
        if size == len(self.target):
            return self
        target = rows_between(self.target, 0, size)
        return Batch({k: v[:size] for k, v in self.columns.items()}, target, {})


class PreparedWriter(Closing):
    """Writes one part, chunk by chunk; equal chunks give equal bytes however they are cut.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> forms = {"age": Column("float32")}
        >>> with PreparedWriter(folder, "train", forms, Column("int64")) as writer:
        ...     age, label, row = np.float32([3, 4]), np.int64([0, 1]), np.int64([7, 9])
        ...     writer.append({"age": age}, target=label, row=row)
        >>> PreparedSet.open(folder, "train").gather(np.array([1])).columns["age"]
        array([4.], dtype=float32)
    """

    def __init__(
        self, folder: Path, part: str, columns: Mapping[str, Column], target: Column
    ) -> None:
        """Create the folder `folder/part` and its files.

        Args:
            folder: Folder of the prepared set; it exists.
            part: train, validation or test.
            columns: Form of each input column, in order.
            target: Form of the encoded target.
        """
        self.rows = 0
        """Rows written so far."""
        self.part = part
        """Name of the part."""
        self._folder = folder / part
        self._columns = dict(columns)
        self._target = target
        self._files: dict[str, BinaryIO] = {}
        self._names = _file_names(self._columns)
        self._num_values = dict.fromkeys([*self._names.values(), _TARGET], 0)
        fixed = {name: form for name, form in self._columns.items() if not form.ragged}
        self._packed = fixed if len(fixed) > MOST_FILES else {}
        self._names |= dict.fromkeys(self._packed, _PACK)
        self._pack: PackWriter | None = None
        with machine_errors(f"create {self._folder}"):
            self._folder.mkdir()
        for file in self._all_files():
            self._open(file)
        if self._packed:
            dtypes = {name: form.disk_dtype for name, form in self._packed.items()}
            with machine_errors(f"create {self._folder}"):
                (self._folder / _PACK).parent.mkdir(exist_ok=True)
            self._pack = PackWriter(self._folder / _PACK, dtypes)
        for file in self._ragged_files():
            self._write(_offsets_file(file), np.zeros(1, "<i8"))

    def append(
        self,
        columns: Mapping[str, Rows],
        *,
        target: Rows,
        row: np.ndarray,
    ) -> None:
        """Append rows.

        Args:
            columns: Values of every column, shape (N, *shape); a `Ragged` for a ragged one.
            target: Encoded targets, one a row, of the target's form.
            row: Row ids, int64, shape (N,).
        """
        assert columns.keys() == self._columns.keys(), "each chunk has all columns"
        for name, values in columns.items():
            assert len(values) == len(row), f"column {name} has as many rows as the others"
            written = self._written(self._names[name], self._columns[name], values)
            if self._pack is not None and name in self._packed:
                self._pack.append(name, written)
            else:
                self._write(self._names[name], written)
        assert len(target) == len(row), "one target a row"
        self._write(_TARGET, self._written(_TARGET, self._target, target))
        self._write(_ROW, self._written(_ROW, _ROW_FORM, row))
        self.rows += len(row)
        if self._pack is not None:
            self._pack.end_chunk()

    def close(self) -> None:
        """Finish all files and write `part.json`."""
        if self._pack is not None:
            self._pack.close()
        with machine_errors(f"write {self._folder}"):
            for file in self._files.values():
                file.close()
            (self._folder / "part.json").write_bytes(canonical_json(self._description()))

    def give_up(self) -> None:
        """Only close, so that the part has no `part.json`."""
        if self._pack is not None:
            self._pack.give_up()
        for file in self._files.values():
            with suppress(OSError):
                file.close()

    def _all_files(self) -> list[str]:
        own = [file for name, file in self._names.items() if name not in self._packed]
        return [*own, *map(_offsets_file, self._ragged_files()), _TARGET, _ROW]

    def _ragged_files(self) -> list[str]:
        """Files of values that have one of offsets beside them."""
        forms = {self._names[name]: form for name, form in self._columns.items()}
        return [file for file, form in {**forms, _TARGET: self._target}.items() if form.ragged]

    def _written(self, file: str, form: Column, rows: Rows) -> np.ndarray:
        """The values of some rows as they stand in a file; offsets of ragged ones are written."""
        values = rows
        if isinstance(values, Ragged):
            offsets = values.offsets[1:] - values.offsets[0] + self._num_values[file]
            self._write(_offsets_file(file), offsets.astype("<i8"))
            values = values.values
            self._num_values[file] += len(values)
        assert values.shape[1:] == form.shape, f"rows of {file} have shape {form.shape}"
        return values.astype(form.disk_dtype, casting="equiv", copy=False)

    def _open(self, file: str) -> None:
        path = self._folder / file
        with machine_errors(f"create {path}"):
            path.parent.mkdir(exist_ok=True)
            self._files[file] = path.open("wb", buffering=1 << 20)

    def _write(self, file: str, values: np.ndarray) -> None:
        with machine_errors(f"write {self._folder / file}"):
            self._files[file].write(np.ascontiguousarray(values).data)

    def _description(self) -> dict[str, Any]:
        offsets = pack_offsets({name: f.stride for name, f in self._packed.items()}, self.rows)
        columns = [
            {"name": name, "file": self._names[name]}
            | form.described
            | ({"offset": offsets[name]} if name in self._packed else {})
            for name, form in self._columns.items()
        ]
        return {
            "format": FORMAT,
            "rows": self.rows,
            "columns": columns,
            "target": self._target.described,
        }


class PreparedSet:
    """One part of a prepared set, memory-mapped and read-only."""

    def __init__(self, folder: Path, description: dict[str, Any]) -> None:
        """Use `PreparedSet.open`."""
        self.folder = folder
        """Folder of the part."""
        self._num_rows: int = description["rows"]
        self.columns: dict[str, np.ndarray] = {}
        """Fixed input columns, shape (N, *feature.shape)."""
        self.ragged: dict[str, Ragged] = {}
        """Ragged input columns."""
        pack = _map_pack(folder, description)
        for entry in description["columns"]:
            name, form, path = entry["name"], Column.read(entry), folder / entry["file"]
            if "offset" in entry:
                self.columns[name] = _of_pack(pack, int(entry["offset"]), form, self._num_rows)
            elif form.ragged:
                self.ragged[name] = _map_ragged(path, form, self._num_rows)
            else:
                self.columns[name] = _map(path, form, self._num_rows)
        target = Column.read(description["target"])
        map_target = _map_ragged if target.ragged else _map
        # Only the task knows whether it is an array or a `Ragged`, so no type says so.
        self.target: Any = map_target(folder / _TARGET, target, self._num_rows)
        """Encoded targets, an array of shape (N, *target shape) or a `Ragged`."""
        self.row = _map(folder / _ROW, _ROW_FORM, self._num_rows)
        """Row ids, int64, shape (N,)."""

    @classmethod
    def open(cls, folder: Path, part: str) -> PreparedSet:
        """Map the files of `folder/part`.

        Raises:
            ArtifactError: If a file is missing, shorter or longer than its rows need, or the part
                is of a newer format.
        """
        path = folder / part / "part.json"
        try:
            return cls(folder / part, _checked(json.loads(path.read_bytes()), path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"cannot be read as a part of a prepared set ({type(error).__name__}: {error})",
                expected="the files that preparing wrote, whole",
                fix="remove the damaged artifact; the next run makes it again",
                place=Place(str(path)),
            ) from None

    def __len__(self) -> int:
        """Number of rows."""
        return self._num_rows

    @property
    def inputs(self) -> dict[str, Rows]:
        """Tensors of all input columns."""
        return {**self.columns, **self.ragged}

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of one row with its target, what one gather copies; of ragged rows a mean one."""
        arrays = (*self.columns.values(), values_of(self.target))
        whole = sum(a.nbytes for a in (*arrays, *(one.values for one in self.ragged.values())))
        return whole // max(1, self._num_rows)

    def buffers(self, size: int) -> Batch:
        """An empty batch of `size` rows to gather into again and again."""
        columns = {k: np.empty((size, *v.shape[1:]), v.dtype) for k, v in self.columns.items()}
        return Batch(columns, _empty_rows(self.target, size), {})

    def gather(self, index: np.ndarray, out: Batch | None = None) -> Batch:
        """The rows at these positions, in this order.

        Args:
            index: Positions from 0, integers, shape (B,); repeats are allowed.
            out: Buffers of at least B rows, which are overwritten; absent: fresh ones.

        Returns:
            A view of `out`, valid until it is used again.

        Raises:
            IndexError: If a position is negative or not below the number of rows.
        """
        size = len(index)
        if size and not (index.min() >= 0 and index.max() < self._num_rows):
            raise IndexError(f"positions must be from 0 to {self._num_rows - 1}")
        batch = (out or self.buffers(size)).head(size)
        for name, values in self.columns.items():
            np.take(values, index, axis=0, out=batch.columns[name], mode="clip")
        target = _gathered(self.target, index, batch.target)
        ragged = {name: values.gather(index) for name, values in self.ragged.items()}
        return Batch(batch.columns, target, ragged)


def _empty_rows(rows: Rows, size: int) -> Rows:
    """So many rows of the same form, to gather into; ragged ones have no values."""
    if isinstance(rows, Ragged):
        return Ragged(rows.values[:0], np.zeros(size + 1, np.int64))
    return np.empty((size, *rows.shape[1:]), rows.dtype)


def _gathered(rows: Rows, index: np.ndarray, out: Rows) -> Rows:
    """The rows at these positions, in `out` where they have one size."""
    if isinstance(rows, Ragged) or isinstance(out, Ragged):
        return rows_at(rows, index)
    return np.take(rows, index, axis=0, out=out, mode="clip")


def _map(path: Path, form: Column, rows: int) -> np.ndarray:
    """A file as a read-only array, after its size was checked."""
    size, expected = path.stat().st_size, rows * form.stride
    if size != expected:
        raise ValueError(f"{path.name} has {size:,} bytes where {rows:,} rows need {expected:,}")
    shape = (rows, *form.shape)
    if not size:
        return np.empty(shape, form.dtype)
    return np.memmap(path, form.disk_dtype, "r", shape=shape).view(np.ndarray)


def _map_ragged(path: Path, form: Column, rows: int) -> Ragged:
    """Rows of any length, after their offsets were checked."""
    offsets = _map(path.with_name(_offsets_file(path.name)), Column("int64"), rows + 1)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise ValueError(f"offsets of {path.name} do not rise from 0")
    return Ragged(_map(path, form, int(offsets[-1])), offsets)


def _map_pack(folder: Path, description: dict[str, Any]) -> np.ndarray:
    """The shared file as bytes, after its size was checked; empty if there is none."""
    packed = [entry for entry in description["columns"] if "offset" in entry]
    strides = {e["name"]: Column(e["dtype"], tuple(e["shape"])).stride for e in packed}
    offsets = pack_offsets(strides, description["rows"])
    if any(entry["offset"] != offsets[entry["name"]] for entry in packed):
        raise ValueError("columns do not lie end to end")
    return _map(folder / _PACK, Column("uint8"), offsets[""]) if packed else np.zeros(0, np.uint8)


def _of_pack(pack: np.ndarray, offset: int, form: Column, rows: int) -> np.ndarray:
    """One column of the shared file."""
    values = pack[offset : offset + rows * form.stride].view(form.disk_dtype)
    return values.view(form.dtype).reshape(rows, *form.shape)


def _checked(description: dict[str, Any], path: Path) -> dict[str, Any]:
    """The description, if nothing in it could lead out of the folder or astray."""
    if description["format"] != FORMAT:
        raise ValueError(f"format {description['format']}, this stoker reads {FORMAT}")
    types = [entry["dtype"] for entry in (description["target"], *description["columns"])]
    if unknown := set(types) - _TYPES:
        raise ValueError(f"unknown types {sorted(unknown)}")
    for entry in description["columns"]:
        if not re.fullmatch(r"inputs/[A-Za-z0-9_-]{1,80}\.bin", entry["file"]):
            raise ValueError(f"file name {entry['file']!r} in {path.name}")
    return description


def _file_names(columns: Mapping[str, Column]) -> dict[str, str]:
    """File of each column: its name if that is safe on every disk, else its position."""
    plain = {n: n if _SAFE_NAME.fullmatch(n) else f"column-{i}" for i, n in enumerate(columns)}
    if len({stem.lower() for stem in plain.values()}) < len(plain):
        plain = {name: f"column-{i}" for i, name in enumerate(columns)}
    return {name: f"inputs/{stem}.bin" for name, stem in plain.items()}


def _offsets_file(file: str) -> str:
    return f"{file.removesuffix('.bin')}.offsets.bin"
