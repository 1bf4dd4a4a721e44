"""Read a column as moments: ISO 8601 text, Arrow dates and timestamps, or plain numbers.

Text without a time zone is taken as UTC.  Forms that can be read in two ways (`03/04/2021`) are
refused: a split by swapped days and months would look right.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.features._cells import is_text, one_array
from stoker.features._numbers import NumberCells, readable_as_numbers

_ISO = (
    r"^\d{4}-\d{2}(-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?"
    r"(Z|[+-]\d{2}(:?\d{2})?)?)?)?$"
)


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
        is_iso = pc.match_substring_regex(cells, _ISO)
        if pc.any(is_iso).as_py():
            return _iso_N(pc.if_else(is_iso, cells, pa.scalar(None, kind)))
    return NumberCells().read(cells).value_N


def _iso_N(cells: pa.Array) -> np.ndarray:
    """Distinct ISO texts through Python's own reader, which knows all of the form."""
    encoded = cells.dictionary_encode()
    seconds_V = np.array([_iso_seconds(text) for text in encoded.dictionary.to_pylist()] + [np.nan])
    return seconds_V[encoded.indices.fill_null(-1).to_numpy()]


def _iso_seconds(text: str) -> float:
    from datetime import UTC, datetime

    full = f"{text}-01" if len(text) == len("2021-03") else text
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
