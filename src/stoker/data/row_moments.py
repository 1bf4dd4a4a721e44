"""Read a column as moments to order rows by: whatever `timestamp` reads, or plain numbers.

Text without a time zone is taken as UTC.  Day and month first are read where the column itself
proves which stands first; else they could be read in two ways, and a split by swapped days and
months would look right.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stoker.cells.moments import MomentCells, readable_as_moments
from stoker.cells.numbers import NumberCells, readable_as_numbers
from stoker.cells.raw import is_text, one_array


def moments_N(column: pa.ChunkedArray) -> np.ndarray:
    """Moments as float64 to order by, NaN where a cell is missing or cannot be read.

    >>> moments_N(pa.chunked_array([["2021-03-04", "2021-03-04T00:00:00Z", "03/04/2021"]]))
    array([1.614816e+09, 1.614816e+09,          nan])
    >>> moments_N(pa.chunked_array([["03/04/2021", "13/04/2021"]]))
    array([1.617408e+09, 1.618272e+09])
    >>> moments_N(pa.chunked_array([[1999, 2003]]))
    array([1999., 2003.])
    """
    cells = one_array(column)
    if is_text(cells.type):
        return _of_texts_N(cells)
    if readable_as_moments(cells.type) and not pa.types.is_null(cells.type):
        return _seconds_N(MomentCells().read(cells).moment_N)
    if not readable_as_numbers(cells.type):
        return np.full(len(cells), np.nan)
    return NumberCells().read(cells).value_N


def _of_texts_N(cells: pa.Array) -> np.ndarray:
    """Moments or numbers, whichever more texts are: some numbers of eight digits are days too."""
    found = MomentCells().evidence(cells)
    second_N = _seconds_N(MomentCells().read(cells, order=found.order).moment_N)
    if found.num_moments and not np.isnan(second_N).any():
        return second_N
    number_N = NumberCells().read(cells).value_N
    return number_N if np.isnan(number_N).sum() < np.isnan(second_N).sum() else second_N


def _seconds_N(moment_N: np.ndarray) -> np.ndarray:
    second_N = moment_N.astype(np.int64) / 1e6
    second_N[np.isnat(moment_N)] = np.nan
    return second_N
