"""Units: rows that must stand in one part, because their content or their group is the same.

Equal content unites rows, an equal group unites rows, and both together may chain: the units are
the connected parts of the graph between contents and groups.  They are found by letting the
smallest number spread along the edges, with shortcuts (Shiloach & Vishkin 1982), a few passes of
numpy whatever the number of rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stoker.cells.categories import named_as
from stoker.cells.raw import is_text
from stoker.cells.spelling import one_name_each
from stoker.data.content import comparable


def unite(content_N: np.ndarray, group_N: np.ndarray | None) -> np.ndarray:
    """The unit of each row, int64 from 0 in order of first row.

    Args:
        content_N: Number of each row's content, int64, 0..C-1.
        group_N: Number of each row's group, int64, -1 for none; None if there are no groups.

    >>> unite(np.array([0, 1, 1, 2]), np.array([5, 5, -1, -1]))
    array([0, 0, 0, 1])
    """
    if group_N is None or not (group_N >= 0).any():
        return _in_order(content_N)
    with_group = group_N >= 0
    contents, groups = content_N[with_group], group_N[with_group]
    unit_C = np.arange(content_N.max() + 1)
    while True:
        unit_G = np.full(groups.max() + 1, len(unit_C))
        np.minimum.at(unit_G, groups, unit_C[contents])
        lower_C = unit_C.copy()
        np.minimum.at(lower_C, contents, unit_G[groups])
        np.minimum.at(lower_C, unit_C, lower_C)
        lower_C = lower_C[lower_C]
        if (lower_C == unit_C).all():
            return _in_order(unit_C[content_N])
        unit_C = lower_C


def codes_of(column: pa.ChunkedArray) -> np.ndarray:
    """Values as int64 codes in order of first sight, -1 for null and blank text.

    Of text all spellings of a value have one code, also `1` and `1.0` as categories do.

    >>> codes_of(pa.chunked_array([["7", "8", " 7", "7.0", "", None]]))
    array([ 0,  1,  0,  0, -1, -1])
    """
    if is_text(column.type):
        column = pa.chunked_array([named_as(column, one_name_each)])
    encoded = comparable(column).combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy().astype(np.int64)


def _in_order(number_N: np.ndarray) -> np.ndarray:
    """The same classes, numbered from 0 in order of first row."""
    _, first, inverse = np.unique(number_N, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[first.argsort()] = np.arange(len(first))
    return rank[inverse]
