"""Read Parquet files of others, one or many, with limits and with every check the format has.

Columns keep their types, in the plain form of each; the type that the file declares is kept beside
the dataset.  What no feature could use (nested columns, decimals of more than 38 digits) is left
out with a warning, or refused where `columns` asks for it.  NaN is read as missing.

The files are parsed in a child process: a hundred kilobytes of nested schema are enough to crash
the reader (its stack overflows), and then an error names the file, and the run is still there.
What comes from the child is validated once more.  A file with a known hash is parsed here.

A damaged file without page checksums can only be noticed if it no longer decodes; the fingerprint
of the run tells that a file changed.

Cost: 0.4 s of CPU for the child; memory for some batches of about 16 MiB.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import StringConstraints

from stoker.cells import MediaKind
from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._files import Paths, as_paths, find_files, find_parts
from stoker.data.acquire._parquet_child import footer_of_child, orders_for
from stoker.data.acquire._parquet_read import DECLARED, LEFT_OUT, read_file
from stoker.data.acquire._sampled import UNKNOWN, FileRows, sampled
from stoker.data.acquire._table_child import tables_of_child
from stoker.data.extent import SourceExtent
from stoker.data.file_tree import shown
from stoker.data.fingerprint import path_label
from stoker.data.partitions import key_types, tell_lost, with_keys
from stoker.data.picture_files import why_no_picture

if TYPE_CHECKING:
    from stoker.data.reading import Reading


_MOST_LOOKS = 8
"""Files whose footers are looked at: each costs a process."""


class Parquet(Source):
    """Rows of Parquet files that have the same columns."""

    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    path: Paths
    """A file, a folder or a pattern with `*`; or several."""
    columns: tuple[str, ...] | None = None
    """Columns to read, in this order; absent: all that a feature could use."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Hash of the one file, which is refused if it has another; a file that is known by its hash is
    not foreign, so no child process parses it."""
    images: tuple[str, ...] = ()
    """Columns that hold encoded pictures: bytes, or a structure with a field `bytes`."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def media(self) -> Mapping[str, MediaKind]:
        """The columns of pictures."""
        return dict.fromkeys(self.images, "image")

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The Parquet files."""
        return find_files(self.path, project, self.endings)

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Those of the footer of the first file that will be read."""
        parts = find_parts(self.path, project, self.endings)
        path, keys = parts[0].path, parts[0].keys
        there = footer_of_child(path, path_label(path, project, cache), self.images).columns
        types = key_types(parts)
        by_name = {key: SourceColumn(key, type=str(types[key])) for key in keys}
        by_name |= {column.name: column for column in there}
        names = [column.name for column in there if column.name not in keys] + list(keys)
        return tuple(by_name[name] for name in self.columns or names if name in by_name)

    def python_code(self, path: str, num_columns: int) -> str:
        """A call of pandas."""
        return f"pandas.read_parquet({f'{path}.parquet'!r})"

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """Rows of the footers, each of which a child reads."""
        return sampled(self.files(project, cache), _look_at, _MOST_LOOKS)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a row; `_line` counts rows of a file from 1.

        Raises:
            DataError: If a file is damaged or too large when decoded, or a column is of a kind that
                cannot be used.
        """
        parts = find_parts(self.path, reading.project, self.endings)
        tell_lost(parts)
        labels = [reading.label(part.path) for part in parts]
        columns = None
        if self.columns is not None:
            columns = [name for name in self.columns if name not in parts[0].keys]
        done, types = [0] * len(parts), key_types(parts)
        if self.sha256 is None:
            orders = orders_for([part.path for part in parts], columns, self.images)
            tables = tables_of_child(orders, labels)
        else:
            require_hash([part.path for part in parts], labels, self.sha256)
            tables = ((0, table) for table in read_file(parts[0].path, columns, self.images))
        for number, table in tables:
            _note(table.schema, reading)
            for rows in self._rows(table, (labels[number], done[number]), reading):
                yield self._in_order(with_keys(rows, parts[number], types, self.columns))
            done[number] += table.num_rows

    def _in_order(self, rows: pa.Table) -> pa.Table:
        """The columns in the order in which they were asked for."""
        if self.columns is None:
            return rows
        return rows.select(["_source", "_line", *self.columns])

    def _rows(
        self, table: pa.Table, start: tuple[str, int], reading: Reading
    ) -> Iterator[pa.Table]:
        label, done = start
        lines = np.arange(done + 1, done + table.num_rows + 1, dtype=np.int64)
        columns = {"_source": pa.repeat(label, table.num_rows), "_line": pa.array(lines)}
        keep = np.ones(table.num_rows, bool)
        for name in table.column_names:
            columns[name] = table[name]
            if name in self.images:
                numbers = self._pictures(table[name], name, start, reading)
                keep &= numbers >= -1
                columns[name] = pa.array(numbers, mask=numbers < 0)
        rows = pa.table(columns)
        if keep.any():
            yield rows if keep.all() else rows.filter(pa.array(keep))

    def _pictures(
        self, column: pa.ChunkedArray, name: str, start: tuple[str, int], reading: Reading
    ) -> np.ndarray:
        """Number of each picture, -1 where there is none, -2 where it was rejected."""
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
                found=shown(content) if isinstance(content, bytes) else content,
                reason=problem,
                step="parquet",
            )
        return numbers


def _look_at(path: Path) -> FileRows:
    try:
        footer = footer_of_child(path, path.name)
    except DataError:  # told when it is read
        return UNKNOWN
    return FileRows(footer.num_rows, exact=True, num_columns=len(footer.columns))


def require_hash(paths: Sequence[Path], labels: Sequence[str], sha256: str) -> None:
    """Refuse several files, and one of another content.

    Raises:
        DataError: Naming the file.
    """
    if len(paths) != 1:
        raise DataError(
            f"sha256 is the hash of one file, and there are {len(paths)}",
            fix="leave sha256 out, or name one file",
            place=Place(labels[0]),
        )
    with paths[0].open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise DataError(
            f"has the SHA-256 {found}",
            expected=sha256,
            fix="fetch the file again, or write its new hash",
            place=Place(labels[0]),
        )


def _note(schema: pa.Schema, reading: Reading) -> None:
    """Keep what the metadata of a table say of its file."""
    reading.leave_out(json.loads((schema.metadata or {}).get(LEFT_OUT, b"{}")))
    for field in schema:
        if field.metadata and field.name not in reading.declared:
            reading.declared[field.name] = field.metadata[DECLARED].decode()
