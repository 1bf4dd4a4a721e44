"""What becomes of each Arrow type of a foreign file: kept, cast to a plain type, or left out.

A dataset holds types that every later reader carries: Daft refuses decimals of 32 and 64 bits,
times of 32 bits and views, and turns what it does not know into pickles.  So whatever only says how
a value is stored (dictionaries, views, wide offsets, run lengths, extensions) becomes the plain
type of its values, and what would lose nothing in a common type is cast to it.  Nested columns,
intervals and decimals of more than 38 digits are left out by name: no feature reads them.

In columns of floating numbers NaN becomes null, because both say that a value is missing, and only
null is equal to itself.

Cost: casts copy a column; looking for NaN takes about a nanosecond a cell.

Source: https://arrow.apache.org/docs/format/Columnar.html
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_MOST_DIGITS = 38
"""Digits of the widest decimal that is carried."""

_CASTS = {
    pa.null(): pa.string(),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.time32("s"): pa.time64("us"),
    pa.time32("ms"): pa.time64("us"),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whatever way they are stored.

    >>> value_type(pa.dictionary(pa.int8(), pa.large_string()))
    DataType(large_string)
    """
    if isinstance(kind, pa.BaseExtensionType):
        return value_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return value_type(kind.value_type)
    return kind


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """The type that a column of a dataset has for it; None where it is left out.

    >>> plain_type(pa.time32("s")), plain_type(pa.decimal32(5, 2)), plain_type(pa.list_(pa.int8()))
    (Time64Type(time64[us]), Decimal128Type(decimal128(5, 2)), None)
    """
    kind = value_type(kind)
    if pa.types.is_decimal(kind):
        return _plain_decimal(kind)
    if pa.types.is_nested(kind) or pa.types.is_union(kind) or pa.types.is_interval(kind):
        return None
    return _CASTS.get(kind, kind)


def _plain_decimal(kind: pa.DataType) -> pa.DataType | None:
    """A decimal of 128 bits without a negative scale, if its digits fit."""
    digits = kind.precision - min(kind.scale, 0)
    return None if digits > _MOST_DIGITS else pa.decimal128(digits, max(kind.scale, 0))


def why_left_out(kind: pa.DataType) -> str | None:
    """Why no column of this type is read; None if it is.

    >>> why_left_out(pa.list_(pa.int8()))
    'is of the nested type list<item: int8>, which no feature reads'
    """
    if plain_type(kind) is not None:
        return None
    values = value_type(kind)
    if pa.types.is_decimal(values):
        return f"is of type {values}, and decimals of more than {_MOST_DIGITS} digits are not read"
    nested = "nested " if pa.types.is_nested(values) or pa.types.is_union(values) else ""
    return f"is of the {nested}type {values}, which no feature reads"


def as_plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in its plain type, with nulls for NaN; it has one.

    Raises:
        ArrowException: If a value has no place in the plain type.
    """
    wanted = plain_type(column.type)
    assert wanted is not None, column.type
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks])
    if pa.types.is_dictionary(column.type):
        chunks = [_with_plain_values(chunk) for chunk in column.chunks]
        column = pa.chunked_array(chunks, pa.dictionary(column.type.index_type, wanted))
    column = column if column.type == wanted else column.cast(wanted)
    return without_nan(column)


def _with_plain_values(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same indices into values of the plain type: some types cannot be looked up."""
    wanted = plain_type(chunk.type)
    values = as_plain(pa.chunked_array([chunk.dictionary])).cast(wanted).combine_chunks()
    return pa.DictionaryArray.from_arrays(chunk.indices, values)


def without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with nulls where it holds NaN.

    >>> without_nan(pa.chunked_array([[1.5, float("nan")]])).to_pylist()
    [1.5, None]
    """
    if not pa.types.is_floating(column.type):
        return column
    is_nan = pc.is_nan(column)
    if not pc.any(is_nan).as_py():
        return column
    return pc.if_else(is_nan, pa.scalar(None, column.type), column)
