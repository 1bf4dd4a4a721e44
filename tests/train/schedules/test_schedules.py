"""Schedules: what all of them promise, and the shape of each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core.steps import find_step, step_names
from stoker.train.schedules import Schedule
from stoker.train.schedules.constant import Constant
from stoker.train.schedules.cosine import Cosine
from stoker.train.schedules.one_cycle import OneCycle
from stoker.train.schedules.step import StepDown

STAGE = "stoker.train.schedules"


@pytest.mark.parametrize("name", step_names(STAGE))
@settings(deadline=None)
@given(total=st.integers(1, 500), share=st.floats(0, 1, exclude_max=True))
def test_factor_is_a_pure_share(name: str, total: int, share: float) -> None:
    schedule = find_step(STAGE, name, Schedule)()
    step = int(share * total)
    factor = schedule.factor(step, total)
    assert 0 <= factor <= 1
    assert factor == find_step(STAGE, name, Schedule)().factor(step, total)


@pytest.mark.parametrize("name", step_names(STAGE))
def test_peak_is_reached(name: str) -> None:
    schedule = find_step(STAGE, name, Schedule)()
    assert max(schedule.factor(step, 1000) for step in range(1000)) == pytest.approx(1, abs=1e-3)


@settings(deadline=None)
@given(warm_up=st.floats(0, 0.9), total=st.integers(1, 300))
def test_warm_up_rises_and_is_never_zero(warm_up: float, total: int) -> None:
    for schedule in (Constant(warm_up=warm_up), Cosine(warm_up=warm_up), StepDown(warm_up=warm_up)):
        rising = [schedule.factor(step, total) for step in range(int(warm_up * total))]
        assert all(rate > 0 for rate in rising)
        if not isinstance(schedule, StepDown):
            assert rising == sorted(rising)


@settings(deadline=None)
@given(total=st.integers(2, 300))
def test_cosine_without_warm_up_falls(total: int) -> None:
    rates = [Cosine(warm_up=0, floor=0.1).factor(step, total) for step in range(total)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] >= 0.1


@settings(deadline=None)
@given(total=st.integers(10, 300))
def test_one_cycle_rises_once_and_falls_once(total: int) -> None:
    schedule = OneCycle()
    rates = [schedule.factor(step, total) for step in range(total)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == pytest.approx(schedule.start)
    assert rates[-1] == pytest.approx(schedule.end)


def test_milestones_must_rise() -> None:
    with pytest.raises(ValueError, match="do not rise"):
        StepDown(milestones=(0.7, 0.5))


def test_a_cycle_of_few_steps_begins_and_ends_as_a_long_one() -> None:
    cycle = OneCycle(peak=0.5, start=0.25, end=0.125)
    assert [cycle.factor(step, 2) for step in range(2)] == [0.25, 0.125]
    assert [cycle.factor(step, 3) for step in range(3)] == [0.25, 1.0, 0.125]
    assert cycle.factor(0, 1) == 0.25
