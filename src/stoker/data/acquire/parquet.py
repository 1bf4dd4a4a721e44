"""Read Parquet files of others, one or many, with limits and with every check the format has.

Columns keep their types.  Text is read in its dictionary form first, because a file of a hundred
kilobytes can name one long text a million times: its size is known before it is written out.
What no feature could use (nested columns, 256-bit decimals) is refused by name, and
`columns` leaves it out.

A damaged file without page checksums can only be noticed if it no longer decodes; the fingerprint
of the run tells that a file changed.

Cost: one row group is decoded a batch of 8,192 rows at a time.

Source: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source
from stoker.data.acquire._columns import choose_columns
from stoker.data.acquire._files import Paths, as_paths, find_files
from stoker.data.acquire._pictures import why_no_picture
from stoker.engine.table_file import check_footer

if TYPE_CHECKING:
    from stoker.data.dataset import Reading

_ROWS = 8_192
_BOMB_RATIO = 1_000
_BOMB_FROM_BYTES = 256 << 20


class Parquet(Source):
    """Rows of Parquet files that have the same columns."""

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    columns: tuple[str, ...] | None = None
    """Columns to read, in this order; absent: all."""
    images: tuple[str, ...] = ()
    """Columns that hold encoded pictures: bytes, or a structure with a field `bytes`."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def media_columns(self) -> tuple[str, ...]:
        """The columns of pictures."""
        return self.images

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The Parquet files."""
        return find_files(self.path, project, (".parquet", ".pq"))

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a row; `_line` counts rows of a file from 1.

        Raises:
            DataError: If a file is damaged or too large when decoded, or a column is of a kind that
                cannot be used.
        """
        for path in self.files(reading.project, reading.cache):
            label = reading.label(path)
            try:
                yield from self._read_file(path, label, reading)
            except (OSError, pa.ArrowException) as error:
                text = str(error).splitlines() or [type(error).__name__]
                raise DataError(
                    f"cannot be read as Parquet: {text[0][:200]}",
                    expected="a whole Parquet file that is not encrypted",
                    fix="fetch or copy it again",
                    place=Place(label),
                ) from None

    def _read_file(self, path: Path, label: str, reading: Reading) -> Iterator[pa.Table]:
        budget = _Budget(path.stat().st_size, label)
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
        names = choose_columns(schema.names, self.columns, Place(label))
        self._check_images(names, label)
        for name in names:
            if name not in self.images:
                _check_type(schema.field(name), label)
        text = [n for n in names if _is_text(schema.field(n).type)]
        with pq.ParquetFile(path, read_dictionary=text, page_checksum_verification=True) as file:
            check_footer(file.metadata)
            budget.spend(file.metadata.num_rows * _fixed_bytes(schema, names))
            done = 0
            for batch in file.iter_batches(_ROWS, columns=list(names)):
                table = pa.Table.from_batches([batch]).select(list(names))
                yield from self._rows(table, done, budget, reading)
                done += table.num_rows
            if done != file.metadata.num_rows:
                raise pa.ArrowInvalid(
                    f"the footer says {file.metadata.num_rows:,} rows, there are {done:,}"
                )

    def _check_images(self, names: tuple[str, ...], label: str) -> None:
        for name in self.images:
            if name not in names:
                raise DataError(
                    f"no column {name!r}",
                    expected=f"one of {', '.join(names[:20])}",
                    fix="mend the option `images`",
                    place=Place(label),
                )

    def _rows(
        self, table: pa.Table, done: int, budget: _Budget, reading: Reading
    ) -> Iterator[pa.Table]:
        for name in table.column_names:
            budget.spend(_written_out(table[name]))
        table.validate(full=True)
        lines = np.arange(done + 1, done + table.num_rows + 1, dtype=np.int64)
        columns = {"_source": pa.repeat(budget.label, table.num_rows), "_line": pa.array(lines)}
        keep = np.ones(table.num_rows, bool)
        for name in table.column_names:
            if name in self.images:
                numbers = self._pictures(table[name], name, (budget.label, done), reading)
                keep &= numbers >= -1
                columns[name] = pa.array(numbers, mask=numbers < 0)
            else:
                columns[name] = _plain(table[name])
        rows = pa.table(columns)
        if keep.any():
            yield rows if keep.all() else rows.filter(pa.array(keep))

    def _pictures(
        self, column: pa.ChunkedArray, name: str, start: tuple[str, int], reading: Reading
    ) -> np.ndarray:
        """Number of each picture, -1 where there is none, -2 where it was rejected."""
        kind = column.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            column = pc.struct_field(column, "bytes")
        numbers = np.full(len(column), -1, np.int64)
        for index, cell in enumerate(column):
            content = cell.as_py()
            if content is None:
                continue
            problem = why_no_picture(content) if isinstance(content, bytes) else "is not bytes"
            if problem is None:
                numbers[index] = reading.media.add(content)
                continue
            numbers[index] = -2
            reading.rejects.add(
                source=start[0],
                line=start[1] + index + 1,
                column=name,
                found=content[:40],
                reason=problem,
                step="parquet",
            )
        return numbers


class _Budget:
    """How large a file may become; a bomb is refused before it is written out."""

    def __init__(self, packed_bytes: int, label: str) -> None:
        self.label = label
        self._packed_bytes = packed_bytes
        self._left = max(_BOMB_FROM_BYTES, _BOMB_RATIO * packed_bytes)

    def spend(self, num_bytes: int) -> None:
        self._left -= num_bytes
        if self._left < 0:
            raise DataError(
                f"decodes to more than {_BOMB_RATIO:,} times its {self._packed_bytes:,} bytes",
                expected="a file of a sound size",
                fix="if you trust it, write it anew with less compression, or in parts",
                place=Place(self.label),
            )


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def _check_type(field: pa.Field, label: str) -> None:
    kind = field.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    too_wide = pa.types.is_decimal256(kind) or pa.types.is_interval(kind)
    if pa.types.is_nested(kind) or pa.types.is_union(kind) or too_wide:
        raise DataError(
            f"is of type {kind}",
            expected="numbers, text, truth values, dates or bytes",
            fix="leave it out with the option `columns`",
            place=Place(label, column=field.name),
        )


def _fixed_bytes(schema: pa.Schema, names: tuple[str, ...]) -> int:
    """Bytes of a row in columns of fixed width."""
    kinds = [schema.field(name).type for name in names]
    return sum(kind.bit_width for kind in kinds if pa.types.is_primitive(kind)) // 8


def _written_out(column: pa.ChunkedArray) -> int:
    """Bytes that a column in dictionary form takes when it is written out."""
    if not pa.types.is_dictionary(column.type):
        return 0
    total = 0
    for chunk in column.chunks:
        if _is_text(chunk.type.value_type):
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return column.cast(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    return column.cast(pa.float32()) if kind == pa.float16() else column
