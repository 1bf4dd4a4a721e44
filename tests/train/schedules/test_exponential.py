"""The exponential schedule beyond what all schedules promise."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.train.schedules.exponential import Exponential


@settings(deadline=None)
@given(total=st.integers(2, 300), end=st.floats(1e-4, 1), warm_up=st.floats(0, 0.5))
def test_falls_by_one_share_at_every_step_down_to_its_end(
    total: int, end: float, warm_up: float
) -> None:
    schedule = Exponential(end=end, warm_up=warm_up)
    start = int(warm_up * total)
    rates = [schedule.factor(step, total) for step in range(total)]
    assert rates[:start] == sorted(rates[:start])
    assert rates[start] == 1
    falls = total - 1 - start
    assert rates[-1] == pytest.approx(end if falls else 1)
    shares = [after / before for before, after in itertools.pairwise(rates[start:])]
    assert shares == pytest.approx([end ** (1 / falls) for _ in range(falls)])


def test_a_training_of_one_step_has_the_peak_rate() -> None:
    assert Exponential().factor(0, 1) == 1
