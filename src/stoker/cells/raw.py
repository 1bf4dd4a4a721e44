"""Small facts about raw cells that all features share."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.first_bytes import candidates

_PLAIN_IDS = frozenset(
    kind.id
    for kind in (
        *(
            pa.string(),
            pa.large_string(),
            pa.bool_(),
            pa.float32(),
            pa.float64(),
            pa.large_binary(),
        ),
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()),
        *(pa.uint64(), pa.decimal128(1), pa.date32(), pa.timestamp("us"), pa.null()),
    )
)
"""Types that need no second look."""

_MANY = 2_000
"""Cells from which it pays to look at first bytes."""
LONGEST_FOUND = 120
"""Characters of a raw cell that a reject keeps."""

MISSING_TEXTS = (
    *("", "?", "NA", "N/A", "N.A.", "#N/A", "<NA>", "NaN", "null"),
    *("缺失", "未知", "不详", "未测", "未填"),
)
"""Texts that mean "no value" in a column of any kind: an empty cell, what spreadsheets, pandas, R
and SQL write, and what people type.

Not here are texts that are an answer of their own in many columns of categories: `无` and `none`
(no allergy), `-` (a negative test).
"""

SHEET_ERRORS = (
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"),
    *("#WERT!", "#BEZUG!", "#ZAHL!", "#NV"),
)
"""What a formula of a spreadsheet gives where it has no value, in English and German; `#N/A` is
among the texts above."""

MISSING_NUMBERS = (*MISSING_TEXTS[1:], "None", "-", "--", *SHEET_ERRORS)
"""Texts that mean "no value" where a number is expected, besides an empty cell."""


def spelled_missing(
    column: pa.ChunkedArray | pa.Array, texts: tuple[str, ...]
) -> pa.ChunkedArray | pa.Array:
    """Which cells of text are one of these, as bool; blanks around and case make no difference.

    >>> spelled_missing(pa.array(["n/a ", "", "7", None]), ("N/A",)).to_pylist()
    [True, False, False, False]
    """
    if len(column) < _MANY or pa.types.is_string_view(column.type):
        return pc.is_in(_plain(column), value_set=_spellings(texts, column.type))
    if isinstance(column, pa.ChunkedArray):
        chunks = [_spelled_among_many(chunk, texts) for chunk in column.chunks]
        return pa.chunked_array(chunks, pa.bool_())
    return _spelled_among_many(column, texts)


def _spelled_among_many(column: pa.Array, texts: tuple[str, ...]) -> pa.Array:
    """The same for a long column, of which few cells are looked at closely."""
    spellings = _spellings(texts, column.type)
    place_K = candidates(column, tuple(spellings.to_pylist()))
    found_N = np.zeros(len(column), bool)
    if len(place_K):
        found_K = pc.is_in(_plain(column.take(pa.array(place_K))), value_set=spellings)
        found_N[place_K] = found_K.to_numpy(zero_copy_only=False)
    return pa.array(found_N)


@lru_cache
def _spellings(texts: tuple[str, ...], kind: pa.DataType) -> pa.Array:
    return _plain(pa.array(texts, kind))


def _plain(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return pc.ascii_lower(pc.utf8_trim_whitespace(texts))


def shorten(cell: object) -> str:
    """A raw cell as one line of at most 120 characters.

    >>> shorten("a" * 200)[-3:], len(shorten("a" * 200))
    ('aa…', 120)
    >>> shorten(b"<html>...")
    '9 bytes that begin 3c68746d6c3e2e2e'
    """
    if isinstance(cell, bytes):
        return f"{len(cell)} bytes that begin {cell[:8].hex()}" if cell else "0 bytes"
    text = " ".join(str(cell)[: 2 * LONGEST_FOUND].split())
    return text if len(text) <= LONGEST_FOUND else f"{text[: LONGEST_FOUND - 1]}…"


def cell_text(cells: pa.ChunkedArray | pa.Array, index: int) -> str:
    """One cell of a column of any type as one line, for a message.

    Arrow writes moments and not Python, which knows no nanoseconds and no year beyond 9999.

    >>> cell_text(pa.array([90], pa.duration("s")), 0)
    '90 s'
    >>> cell_text(pa.array([1], pa.timestamp("ns")), 0)
    '1970-01-01 00:00:00.000000001'
    """
    cell = one_array(cells[index : index + 1])
    kind = cell.type
    if pa.types.is_duration(kind):
        return f"{pc.cast(cell, pa.int64())[0].as_py()} {kind.unit}"
    try:
        return shorten(said_by_arrow(cell)[0].as_py())
    except (ValueError, OverflowError, pa.ArrowException):
        return f"a cell of type {kind}"


def said_by_arrow(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A column with texts in the place of moments, those inside of lists and structs too.

    Raises:
        ArrowInvalid: If this machine does not know a zone.

    >>> said_by_arrow(pa.array([[1], None], pa.list_(pa.date32()))).to_pylist()
    [['1970-01-02'], None]
    """
    wanted = _with_texts(column.type)
    return column if wanted == column.type else pc.cast(column, wanted)


def _with_texts(kind: pa.DataType) -> pa.DataType:
    """The type with text in the place of each type of moments."""
    if pa.types.is_temporal(kind):
        return kind if pa.types.is_interval(kind) else pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_with_texts(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_with_texts(kind.key_type), _with_texts(kind.item_type))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_with_texts(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_with_texts(kind.value_type))
    return pa.list_(_with_texts(kind.value_type)) if pa.types.is_list(kind) else kind


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array of a plain type; no copy where there was one plain chunk.

    Dictionaries are decoded, and types that Arrow computes little with (views, half floats, narrow
    decimals, extensions) become the nearest one with which it does.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # an empty column, or strings beyond 2 GB
        column = pa.concat_arrays(column.cast(pa.large_string()).chunks)
    return column if column.type.id in _PLAIN_IDS else _plain_array(column)


def _plain_array(column: pa.Array) -> pa.Array:
    """An array of a plain type from one of another type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return one_array(pc.cast(column, kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return one_array(pc.run_end_decode(column))
    if isinstance(kind, pa.BaseExtensionType):
        return (
            column.cast(pa.bool_()) if isinstance(kind, pa.Bool8Type) else one_array(column.storage)
        )
    if pa.types.is_string_view(kind):
        return pc.cast(column, pa.large_string())
    if pa.types.is_binary_view(kind):
        return pc.cast(column, pa.large_binary())
    if pa.types.is_float16(kind):
        return pc.cast(column, pa.float32())
    if pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind):
        return pc.cast(column, pa.decimal128(kind.precision, kind.scale))
    return column


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this type are strings of any width."""
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
