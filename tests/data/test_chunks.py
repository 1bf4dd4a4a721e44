"""Slices cover everything once, within the bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stoker.data.chunks import MOST_BYTES, media_slices


@given(st.lists(st.integers(0, 2 * MOST_BYTES), max_size=50), st.integers(1, 10))
def test_slices_cover_all_rows_in_order_within_the_bounds(sizes: list[int], rows: int) -> None:
    size_N = np.array(sizes, np.int64)
    slices = list(media_slices(size_N, most_rows=rows))
    covered = [i for some in slices for i in range(some.start, some.stop)]
    assert covered == list(range(len(sizes)))
    for some in slices:
        assert 1 <= some.stop - some.start <= rows
        assert some.stop - some.start == 1 or size_N[some].sum() <= MOST_BYTES
