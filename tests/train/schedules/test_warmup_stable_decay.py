"""The schedule with a level in the middle beyond what all schedules promise."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.train.schedules.warmup_stable_decay import WarmupStableDecay


@settings(deadline=None)
@given(
    total=st.integers(1, 300),
    warm_up=st.floats(0, 0.5),
    decay=st.floats(0.01, 0.5),
    form=st.sampled_from(["sqrt", "linear"]),
)
def test_rises_stays_and_falls(
    total: int, warm_up: float, decay: float, form: Literal["sqrt", "linear"]
) -> None:
    schedule = WarmupStableDecay(warm_up=warm_up, decay=decay, form=form, end=0.1)
    rates = [schedule.factor(step, total) for step in range(total)]
    level = [step for step, rate in enumerate(rates) if rate == 1]
    if not level:
        assert total - int(warm_up * total) <= int(decay * total) + 1
        return
    first, last = level[0], level[-1]
    assert level == list(range(first, last + 1))
    assert rates[: first + 1] == sorted(rates[: first + 1])
    assert rates[last:] == sorted(rates[last:], reverse=True)
    assert total - 1 - last <= decay * total + 1e-9
    assert rates[-1] >= 0.1


def test_the_root_falls_faster_than_the_straight_line() -> None:
    root, straight = WarmupStableDecay(), WarmupStableDecay(form="linear")
    falling = range(800, 1000)
    assert all(root.factor(step, 1000) < straight.factor(step, 1000) for step in falling)


def test_parts_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="are more than all steps"):
        WarmupStableDecay(warm_up=0.5, decay=0.6)
