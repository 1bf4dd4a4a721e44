"""One table, one Parquet file: written with page checksums, read with them checked.

Rows are gathered into groups of a fixed size before they are written, so equal rows give equal
bytes however they arrived; long texts end a group earlier, at the same row each time.  Types are
plain ones (`string`, not `large_string`), because readers of a file should not see which engine
wrote it.

Cost: one row group in memory; zstd at level 1, where these tables are bound by string hashing and
not by compression.  A reader checks a CRC-32 per page, some per cent of the reading time.

Source: Parquet page checksums, https://parquet.apache.org/docs/file-format/data-pages/checksumming/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.core.closing import Closing
from stoker.core.errors import ArtifactError, Place
from stoker.core.memory import is_lack_of_memory
from stoker.store.durable import machine_errors

ROWS_PER_GROUP = 65_536
"""Rows of one row group; all groups but the last have exactly so many, or fill `GROUP_BYTES`."""
GROUP_BYTES = 256 << 20
"""Bytes of texts at which a row group ends, however few its rows are."""
_BLOCK_BYTES = 64 << 20
_BLOCK_COLUMNS = 512

_PLAIN = {
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with plain types, every field nullable, and no metadata.

    >>> plain_schema(pa.schema([("a", pa.large_string())])).field("a").type
    DataType(string)
    """
    return pa.schema([pa.field(f.name, _PLAIN.get(f.type, f.type)) for f in schema])


class TableWriter(Closing):
    """A Parquet file that grows table by table; a context manager.

    Args:
        path: File to create.
        schema: Its columns; absent: those of the first table.
    """

    def __init__(self, path: Path, schema: pa.Schema | None = None) -> None:
        """Nothing is created before the first group is full or the writer is closed."""
        self._path = path
        self.schema = schema
        """Columns of the file, known from the first table on."""
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._num_waiting = self._bytes_waiting = 0
        self.rows = 0
        """Rows taken so far."""

    def give_up(self) -> None:
        """Remove the unfinished file."""
        if self._writer is not None:
            with suppress(OSError, pa.ArrowException):
                self._writer.close()
            self._path.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Append rows; columns must be those of the schema, types may be cast without loss."""
        if self.schema is None:
            self.schema = plain_schema(table.schema)
        if not table.schema.equals(self.schema):
            table = table.select(self.schema.names).cast(self.schema)
        self.rows += table.num_rows
        self._num_waiting += table.num_rows
        self._waiting.append(table)
        self._bytes_waiting += table.nbytes
        if self._num_waiting >= ROWS_PER_GROUP or self._bytes_waiting >= GROUP_BYTES:
            self._flush(full_groups_only=True)

    def close(self) -> None:
        """Write what waits and the footer; a table without rows still has its columns."""
        if self.schema is None:
            raise ValueError("a table file needs a schema or at least one table")
        self._flush(full_groups_only=False)
        with machine_errors(f"write {self._path}"):
            self._open().close()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path,
                self.schema,
                compression="zstd",
                compression_level=1,
                write_page_checksum=True,
                write_statistics=False,  # nobody reads them, and they are a quarter of the work
            )
        return self._writer

    def _flush(self, *, full_groups_only: bool) -> None:
        if not self._num_waiting:
            return
        waiting = pa.concat_tables(self._waiting)
        size, stop = waiting.num_rows, 0
        ends = _group_ends(waiting, self._bytes_waiting)
        ends += [size] * (not full_groups_only and ends[-1:] != [size])
        with machine_errors(f"write {self._path}"):
            for end in ends:
                group = waiting.slice(stop, end - stop).combine_chunks()
                self._open().write_table(group, row_group_size=ROWS_PER_GROUP)
                stop = end
        self._waiting = [waiting.slice(stop)] if stop < size else []
        self._num_waiting = size - stop
        self._bytes_waiting = sum(table.nbytes for table in self._waiting)


def _group_ends(waiting: pa.Table, num_bytes: int) -> list[int]:
    """Where full row groups end among some rows of which the first begins one."""
    size = waiting.num_rows
    if num_bytes < GROUP_BYTES:
        return list(range(ROWS_PER_GROUP, size + 1, ROWS_PER_GROUP))
    byte_N = np.zeros(size, np.int64)
    for column in waiting.columns:
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            byte_N += pc.fill_null(pc.binary_length(column), 0).to_numpy()
    total_N, ends, start, before = byte_N.cumsum(), [], 0, 0
    while True:
        end = min(start + ROWS_PER_GROUP, int(np.searchsorted(total_N, before + GROUP_BYTES)) + 1)
        if end > size:
            return ends
        ends.append(end)
        start, before = end, int(total_N[end - 1])


def write_table(table: pa.Table, path: Path) -> int:
    """Write a table in memory as one file; gives the number of rows."""
    with TableWriter(path, plain_schema(table.schema)) as writer:
        writer.write(table)
    return writer.rows


def read_tables(
    path: Path, columns: Sequence[str] | None = None, *, batch_rows: int = ROWS_PER_GROUP
) -> Iterator[pa.Table]:
    """The rows of a file of ours in order, some at a time, every page checked.

    Args:
        path: A file that `TableWriter` wrote.
        columns: Names to read, in this order; absent: all.
        batch_rows: Most rows of one table.

    Raises:
        ArtifactError: If the file is missing, damaged or has no such column.
        MemoryError: If there is too little of it; the file is not to blame.
    """
    options = {"page_checksum_verification": True, "memory_map": True}
    with _readable(path), pq.ParquetFile(path, **options) as file:
        names = list(file.schema_arrow.names if columns is None else columns)
        _require(path, names, file.schema_arrow.names)
        check_footer(file.metadata)
        _check_names(file.metadata)
        missing = file.metadata.num_rows
        for groups in _groups_together(file.metadata):
            for batch in file.iter_batches(batch_rows, row_groups=groups, columns=names):
                missing -= batch.num_rows
                yield pa.Table.from_batches([batch]).select(names)
        if missing:
            raise pa.ArrowInvalid(f"{missing:,} rows of the footer are not there")


def _groups_together(metadata: pq.FileMetaData) -> list[list[int]]:
    """Row groups that tables may go across: all, unless texts are so long that one ends early."""
    numbers = range(metadata.num_row_groups)
    if all(metadata.row_group(number).num_rows == ROWS_PER_GROUP for number in numbers[:-1]):
        return [list(numbers)]
    return [[number] for number in numbers]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if is_lack_of_memory(error):
            raise MemoryError(f"{path} cannot be read") from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ArtifactError(
            f"cannot be read: {reason}",
            expected="a whole Parquet file written by stoker",
            fix="remove the damaged artifact; the next run makes it again",
            place=Place(str(path)),
        ) from None


def column_blocks(path: Path, names: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The columns of a file of ours from top to bottom, as many at a time as some 64 MB hold.

    Text comes as dictionaries, one for each 65,536 rows: most of what stands in a table repeats.

    Args:
        path: A file that `TableWriter` wrote.
        names: Columns to read, in this order; absent: all.

    Raises:
        ArtifactError: If the file is missing, damaged or has no such column.
    """
    with _readable(path):
        schema = pq.read_schema(path)
    names = list(schema.names if names is None else names)
    _require(path, names, schema.names)
    texts = [field.name for field in schema if field.type == pa.string()]
    options = {"page_checksum_verification": True, "memory_map": True, "read_dictionary": texts}
    with _readable(path), pq.ParquetFile(path, **options) as file:
        check_footer(file.metadata)
        _check_names(file.metadata)
        kinds = {field.name: field for field in file.schema_arrow}
        for block in _blocks(names, _column_bytes(file.metadata)):
            batches = list(file.iter_batches(ROWS_PER_GROUP, columns=block))
            if sum(batch.num_rows for batch in batches) != file.metadata.num_rows:
                raise pa.ArrowInvalid("rows of the footer are not there")
            kept = pa.schema([kinds[name] for name in block])
            yield pa.Table.from_batches([batch.select(block) for batch in batches], kept)


def _column_bytes(metadata: pq.FileMetaData) -> dict[str, int]:
    """Size of each column before it was packed."""
    sizes: dict[str, int] = {}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            before = sizes.get(chunk.path_in_schema, 8 * metadata.num_rows)
            sizes[chunk.path_in_schema] = before + chunk.total_uncompressed_size
    return sizes


def _blocks(names: Sequence[str], size_of: Mapping[str, int]) -> Iterator[list[str]]:
    block: list[str] = []
    total = 0
    for name in names:
        too_large = total + size_of.get(name, 0) > _BLOCK_BYTES or len(block) >= _BLOCK_COLUMNS
        if block and too_large:
            yield block
            block, total = [], 0
        block.append(name)
        total += size_of.get(name, 0)
    if block:
        yield block


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The whole file in memory, or some of its columns; see `read_tables`."""
    tables = list(read_tables(path, columns))
    if tables:
        return pa.concat_tables(tables)
    schema = pq.read_schema(path)
    return schema.empty_table().select(list(schema.names if columns is None else columns))


def check_footer(metadata: pq.FileMetaData) -> None:
    """Refuse a footer that contradicts itself about its rows; page checksums do not cover it.

    Raises:
        ArrowInvalid: If counts of rows or values differ.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) != metadata.num_rows:
        raise pa.ArrowInvalid("the footer contradicts itself about the number of rows")
    for group in groups:
        chunks = [group.column(number) for number in range(group.num_columns)]
        flat = [chunk for chunk in chunks if "." not in chunk.path_in_schema]
        if any(chunk.num_values != group.num_rows for chunk in flat):
            raise pa.ArrowInvalid("the footer contradicts itself about the number of values")


def _check_names(metadata: pq.FileMetaData) -> None:
    """Refuse a footer whose two lists of columns differ; no checksum covers either."""
    written = (metadata.metadata or {}).get(b"ARROW:schema")
    if written is None:
        raise pa.ArrowInvalid("the footer lacks the types of its columns")
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(written)))
    except binascii.Error:
        raise pa.ArrowInvalid("the types of the columns in the footer are damaged") from None
    if schema.names != metadata.schema.to_arrow_schema().names:
        raise pa.ArrowInvalid("the footer contradicts itself about the names of columns")


def _require(path: Path, wanted: Sequence[str], there: Sequence[str]) -> None:
    known = set(there)
    for name in wanted:
        if name not in known:
            raise ArtifactError(
                f"no column {name!r}",
                expected=f"one of {', '.join(there)}",
                place=Place(str(path)),
            )
