"""Cut a sequence of rows into slices of bounded size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

MOST_BYTES = 64 << 20
"""Bytes that one slice may hold, unless a single row has more."""


def media_slices(
    size_N: np.ndarray, *, most_rows: int = 8192, most_bytes: int = MOST_BYTES
) -> Iterator[slice]:
    """Slices that cover all rows in order, each of at most `most_rows` rows and about 64 MiB.

    Args:
        size_N: Bytes of each row, int64.
        most_rows: Most rows of one slice.
        most_bytes: Most bytes of one slice, unless a single row has more.

    >>> list(media_slices(np.array([40 << 20, 40 << 20, 1, 1])))
    [slice(0, 1, None), slice(1, 4, None)]
    """
    end_N = np.cumsum(size_N, dtype=np.int64)
    start = 0
    while start < len(size_N):
        before = end_N[start - 1] if start else 0
        stop = int(np.searchsorted(end_N, before + most_bytes, side="right"))
        stop = min(max(stop, start + 1), start + most_rows)
        yield slice(start, stop)
        start = stop
