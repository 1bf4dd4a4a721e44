"""Read a column as moments: ISO 8601 text, Arrow dates and timestamps, or plain numbers.

Text without a time zone is taken as UTC.  Spreadsheets write `2024/1/1 8:05`: year first, slashes,
no leading zeros; that is read too.  Forms that can be read in two ways (`03/04/2021`) are refused:
a split by swapped days and months would look right.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.features._cells import is_text, one_array
from stoker.features._numbers import NumberCells, readable_as_numbers

_TIME = r"(\d{1,2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?)"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)?"
_DAY = r"(\d{4}-\d{1,2}(-\d{1,2})?|\d{4}/\d{1,2}/\d{1,2})"
_YEAR_FIRST = rf"^{_DAY}([T ]{_TIME}{_ZONE})?$"
_PARTS = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?(?:[T ](\d{1,2})(.*))?")


def moments_N(column: pa.ChunkedArray) -> np.ndarray:
    """Moments as float64 to order by, NaN where a cell is missing or cannot be read.

    >>> moments_N(pa.chunked_array([["2021-03-04", "2021-03-04T00:00:00Z", "03/04/2021"]]))
    array([1.614816e+09, 1.614816e+09,          nan])
    >>> moments_N(pa.chunked_array([[1999, 2003]]))
    array([1999., 2003.])
    """
    cells = one_array(column)
    kind = cells.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _seconds(pc.cast(cells, pa.timestamp("us"), safe=False))
    if not readable_as_numbers(kind):
        return np.full(len(cells), np.nan)
    if is_text(kind):
        cells = pc.utf8_trim_whitespace(cells)
        is_moment = pc.match_substring_regex(cells, _YEAR_FIRST)
        if pc.any(is_moment).as_py():
            return _texts_N(pc.if_else(is_moment, cells, pa.scalar(None, kind)))
    return NumberCells().read(cells).value_N


def _texts_N(cells: pa.Array) -> np.ndarray:
    """Distinct texts through Python's own reader of ISO 8601, once their parts have two digits."""
    encoded = cells.dictionary_encode()
    seconds_V = np.array(
        [_text_seconds(text) for text in encoded.dictionary.to_pylist()] + [np.nan]
    )
    return seconds_V[encoded.indices.fill_null(-1).to_numpy()]


def _text_seconds(text: str) -> float:
    from datetime import UTC, datetime

    found = _PARTS.fullmatch(text)
    assert found, "the form was checked"
    year, month, day, hour, rest = found.groups()
    full = f"{year}-{month:>02}-{day or '01':>02}"
    if hour is not None:
        full += f"T{hour:>02}{rest}"
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:  # the form is right, the day is not: 2021-02-30
        return np.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(stamps: pa.Array) -> np.ndarray:
    whole = pc.cast(stamps, pa.int64())
    return whole.fill_null(0).to_numpy() / 1e6 + np.where(
        stamps.is_null().to_numpy(zero_copy_only=False), np.nan, 0
    )
