"""Read one Parquet file with every check the format has; run in a child process, `_table_worker`.

A file of a hundred kilobytes can name one long text a million times.  So text whose column chunks
are small is read in its dictionary form, and its size is known before it is written out; of other
text each batch is counted.  What no feature could use (nested columns, wide decimals) is left out
by name, or refused where it was asked for.

Rows come in batches of about 16 MiB and column chunks are read through a buffer, so a cap on memory
lets through a file of any size whose rows are sound.  (pyarrow would else hold a whole row group,
and in dictionary form four times as much: measured, 1.4 GB for 300 MB of pictures.)

Source: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.core.errors import DataError, Place
from stoker.data.acquire import SourceColumn
from stoker.data.acquire._arrow_types import as_plain, plain_type, why_left_out
from stoker.data.acquire._columns import choose_columns
from stoker.data.acquire._table_worker import first_line
from stoker.engine.table_file import check_footer

ERRORS = (pa.ArrowException,)
_MOST_ROWS = 8_192
_FEWEST_ROWS = 16
_BATCH_BYTES = 16 << 20
_BUFFER_BYTES = 1 << 20
_SMALL_CHUNK_BYTES = 64 << 20
DECLARED = b"declared"
"""Key in the metadata of a field: the type that the file declares."""
LEFT_OUT = b"left_out"
"""Key in the metadata of a table: columns that are not read, with the reason, as JSON."""
_LACKS = (
    "not supported",
    "not implemented",
    "not yet implemented",
    "unsupported",
    "unknown encoding",
)
"""Words with which the reader says that it lacks something, and not that the file is damaged."""
_BOMB_RATIO = 1_000
_BOMB_FROM_BYTES = 256 << 20


class _ParquetBudget:
    """How large a file may become; a bomb is refused before it is written out."""

    def __init__(self, packed_bytes: int) -> None:
        self._packed_bytes = packed_bytes
        self._left = max(_BOMB_FROM_BYTES, _BOMB_RATIO * packed_bytes)

    def spend(self, num_bytes: int) -> None:
        self._left -= num_bytes
        if self._left < 0:
            raise DataError(
                f"decodes to more than {_BOMB_RATIO:,} times its {self._packed_bytes:,} bytes",
                expected="a file of a sound size",
                fix="if you trust it, write it anew with less compression, or in parts",
            )


def read_file(
    path: Path, columns: Sequence[str] | None, images: Sequence[str]
) -> Iterator[pa.Table]:
    """The chosen columns of a file in plain types, some thousand rows at a time.

    The metadata of each table say what the file declares, and what is left out.

    Args:
        path: A Parquet file.
        columns: Columns to read, in this order; None: all that a feature could use.
        images: Columns that hold pictures, which may be structures.

    Raises:
        DataError: If it is too large when decoded, or a column is of a kind that cannot be used.
        ArrowException: If it is damaged.
    """
    budget = _ParquetBudget(path.stat().st_size)
    with pq.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
    names = choose_columns(schema.names, columns, Place())
    _check_images(names, images)
    found = {one.name: one for one in columns_of_footer(metadata, images)}
    names, left_out = _readable([found[name] for name in names], asked=columns is not None)
    said = {LEFT_OUT: json.dumps(left_out).encode()}
    chunk_bytes = _chunk_bytes(metadata, names)
    options = {
        "read_dictionary": [
            name
            for name, sizes in chunk_bytes.items()
            if _is_text(schema.field(name).type) and max(sizes, default=0) <= _SMALL_CHUNK_BYTES
        ],
        "page_checksum_verification": True,
        "buffer_size": _BUFFER_BYTES,
        "pre_buffer": False,
    }
    rows = _BATCH_BYTES * metadata.num_rows // max(1, sum(map(sum, chunk_bytes.values())))
    rows = min(max(rows, _FEWEST_ROWS), _MOST_ROWS)
    with pq.ParquetFile(path, **options) as file:
        check_footer(file.metadata)
        budget.spend(file.metadata.num_rows * _fixed_bytes(schema, names))
        done = 0
        for batch in file.iter_batches(rows, columns=list(names)):
            table = pa.Table.from_batches([batch]).select(list(names))
            for name in names:
                budget.spend(_written_out(table[name]))
            table.validate(full=True)
            plain = [_plain(table[name], name in images) for name in names]
            kinds = zip(names, plain, strict=True)
            fields = [
                pa.field(name, column.type, metadata={DECLARED: found[name].declared})
                for name, column in kinds
            ]
            yield pa.table(plain, pa.schema(fields, metadata=said))
            done += table.num_rows
        if done != file.metadata.num_rows:
            raise pa.ArrowInvalid(
                f"the footer says {file.metadata.num_rows:,} rows, there are {done:,}"
            )


def look(path: Path, columns: Sequence[str] | None, images: Sequence[str]) -> dict[str, Any]:
    """Rows and columns as the footer tells them; `columns` chooses nothing here."""
    footer = pq.read_metadata(path)
    found = [asdict(column) for column in columns_of_footer(footer, images)]
    return {"rows": footer.num_rows, "columns": found}


def explained(error: Exception, path: Path) -> DataError | None:
    """What to do about a file that is not damaged, but of a kind that Arrow cannot read."""
    said = str(error).lower()
    lacking = isinstance(error, pa.ArrowNotImplementedError) or any(map(said.__contains__, _LACKS))
    if not lacking:
        return None
    return DataError(
        f"cannot be read as Parquet: {first_line(error)}",
        expected="types, encodings and compressions that Arrow knows",
        fix="leave the column out with the option `columns`",
        place=Place(column=_lacking_column(path)),
    )


def _lacking_column(path: Path) -> str | None:
    """The first column that cannot be read by itself; None if all can."""
    name = None
    try:
        with pq.ParquetFile(path) as file:
            for name in file.schema_arrow.names:
                next(file.iter_batches(1, columns=[name]), None)
    except (OSError, pa.ArrowException):
        return name
    return None


def _chunk_bytes(metadata: pq.FileMetaData, names: Sequence[str]) -> dict[str, list[int]]:
    """Size of each chunk of each column before it was packed, as the footer says."""
    sizes: dict[str, list[int]] = {name: [] for name in names}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            name = chunk.path_in_schema.partition(".")[0]
            if name in sizes:
                sizes[name].append(chunk.total_uncompressed_size)
    return sizes


def _check_images(names: Sequence[str], images: Sequence[str]) -> None:
    for name in images:
        if name not in names:
            raise DataError(
                f"no column {name!r}",
                expected=f"one of {', '.join(names[:20])}",
                fix="mend the option `images`",
            )


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def columns_of_footer(
    metadata: pq.FileMetaData, images: Sequence[str] = ()
) -> Iterator[SourceColumn]:
    """Each column with the type that the file declares, and what becomes of it."""
    declared = _declared_types(metadata)
    for field in metadata.schema.to_arrow_schema():
        is_media = field.name in images
        plain = None if is_media else plain_type(field.type)
        yield SourceColumn(
            field.name,
            type="int64" if is_media else plain and str(plain),
            declared=str(declared.get(field.name, field.type)),
            left_out="" if is_media else why_left_out(field.type) or "",
            media="image" if is_media else None,
        )


def _declared_types(metadata: pq.FileMetaData) -> dict[str, pa.DataType]:
    """Types as Arrow wrote them beside the footer, which knows dictionaries of numbers."""
    schema = (metadata.metadata or {}).get(b"ARROW:schema")
    if schema is None:
        return {}
    try:
        fields = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema)))
    except (ValueError, OSError, pa.ArrowException):
        return {}  # the types of the columns themselves are enough
    return {field.name: field.type for field in fields}


def _readable(
    columns: Sequence[SourceColumn], *, asked: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the columns to read, and of those that are left out with the reason."""
    left_out = {column.name: column.left_out for column in columns if column.left_out}
    if left_out and (asked or len(left_out) == len(columns)):
        name, why = next(iter(left_out.items()))
        raise DataError(
            why,
            expected="numbers, text, truth values, dates, times or bytes",
            fix="take it out of the option `columns`" if asked else "make columns of its parts",
            place=Place(column=name),
        )
    return tuple(column.name for column in columns if not column.left_out), left_out


def _fixed_bytes(schema: pa.Schema, names: tuple[str, ...]) -> int:
    """Bytes of a row in columns of fixed width."""
    kinds = [schema.field(name).type for name in names]
    return sum(kind.bit_width for kind in kinds if pa.types.is_primitive(kind)) // 8


def _written_out(column: pa.ChunkedArray) -> int:
    """Bytes that a column of text takes, or will take once it is written out."""
    if not pa.types.is_dictionary(column.type):
        return column.nbytes if _is_text(column.type) else 0
    total = 0
    for chunk in column.chunks:
        if _is_text(chunk.type.value_type):
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


def _plain(column: pa.ChunkedArray, is_image: bool) -> pa.ChunkedArray:
    kind = column.type
    if is_image and pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        return pc.struct_field(column, "bytes")
    return column if plain_type(kind) is None else as_plain(column)
