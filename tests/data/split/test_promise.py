"""What every splitter promises, checked on each file of the stage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.steps import find_step, step_names
from stoker.data.split import SplitRows, Splitter

STAGE = "stoker.data.split"
SPLITTERS = [find_step(STAGE, name, Splitter)() for name in step_names(STAGE)]


@st.composite
def rows(draw: st.DrawFn) -> SplitRows:
    """Rows in units of any size, with labels and times."""
    size = draw(st.integers(1, 80))
    unit = draw(st.lists(st.integers(0, 60), min_size=size, max_size=size))
    _, unit_N = np.unique(unit, return_inverse=True)
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    return SplitRows(
        unit_N=unit_N,
        key_U=generator.integers(0, 2**64, unit_N.max() + 1, dtype=np.uint64),
        label_N=generator.integers(0, 3, size),
        time_N=generator.integers(0, 20, size).astype(float),
    )


SHARES = st.sampled_from([(0.15, 0.15), (0.5, 0.0), (0.0, 0.3), (0.0, 0.0), (0.4, 0.4)])


@pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)
@given(rows=rows(), shares=SHARES, seed=st.integers(0, 2**63 - 1))
def test_each_row_has_one_part_and_no_unit_is_cut(
    splitter: Splitter, rows: SplitRows, shares: tuple[float, float], seed: int
) -> None:
    part_N = splitter.divide(rows, test=shares[0], validation=shares[1], seed=seed)
    assert part_N.shape == rows.unit_N.shape
    assert set(part_N.tolist()) <= {0, 1, 2}
    for unit in range(len(rows.key_U)):
        assert len(set(part_N[rows.unit_N == unit].tolist())) == 1
    assert shares[0] or not (part_N == 2).any()
    assert shares[1] or not (part_N == 1).any()


@pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)
@given(rows=rows(), seed=st.integers(0, 2**63 - 1), order_seed=st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(
    splitter: Splitter, rows: SplitRows, seed: int, order_seed: int
) -> None:
    assert rows.label_N is not None
    assert rows.time_N is not None
    order = np.random.default_rng(order_seed).permutation(len(rows.unit_N))
    renumber = np.random.default_rng(order_seed + 1).permutation(len(rows.key_U))
    moved = SplitRows(
        unit_N=renumber[rows.unit_N][order],
        key_U=rows.key_U[np.argsort(renumber)],
        label_N=rows.label_N[order],
        time_N=rows.time_N[order],
    )
    shares = {"test": 0.2, "validation": 0.2, "seed": seed}
    np.testing.assert_array_equal(
        splitter.divide(moved, **shares), splitter.divide(rows, **shares)[order]
    )


@pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)
@given(rows=rows(), seed=st.integers(0, 2**31))
def test_shares_are_met_within_the_largest_unit(
    splitter: Splitter, rows: SplitRows, seed: int
) -> None:
    part_N = splitter.divide(rows, test=0.3, validation=0.2, seed=seed)
    count = np.bincount(part_N, minlength=3)
    slack = rows.size_U.max() + 3  # a label each may be rounded
    if splitter.needs == "time":
        assert rows.time_N is not None
        slack = np.bincount(rows.time_N.astype(int)).max() * rows.size_U.max() + 1
    size = len(part_N)
    assert abs(count[2] - 0.3 * size) <= slack
    assert abs(count[1] - 0.2 * size) <= 2 * slack
