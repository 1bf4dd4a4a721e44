"""When a loss counts as broken: not at the bound but beyond it, and the place is exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from stoker.core.errors import TrainingError
from stoker.train.batches import Batches
from stoker.train.diagnosis import Watch, strange_columns
from stoker.train.settings import Settings
from stoker.train.state import State


@pytest.fixture
def batches(tiny: Any) -> Batches:
    return Batches(tiny.part("train"), Settings(batch_size=4), num_outputs=4, seed=0)


def state(losses: list[float], **more: Any) -> State:
    found = State(losses=torch.tensor(losses))
    for name, value in more.items():
        setattr(found, name, value)
    return found


def said(batches: Batches, made: State, done: int, norm: float = math.nan) -> str:
    watch = Watch(batches)
    watch.gradient_norm = norm
    with pytest.raises(TrainingError) as caught:
        watch.check(made, done, 0.25)
    return str(caught.value)


@pytest.mark.parametrize(("first", "step", "epoch"), [(0, 100, 0), (6, 127, 1)])
def test_the_first_bad_step_is_named(batches: Batches, first: int, step: int, epoch: int) -> None:
    """Of a loss at position 6 of 7, before which 120 steps were taken, that is step 127."""
    losses = [1.0] * first + [math.nan, math.inf]
    text = said(batches, state(losses, step=step + 1, epoch=epoch), len(losses))
    assert f"the loss is nan at step {step} of epoch {epoch + 1} (rate 0.25)" in text
    assert "try train.rate 0.03" in text


def test_a_loss_that_is_not_known_yet_is_not_looked_at(batches: Batches) -> None:
    Watch(batches).check(state([1.0, math.nan], step=1), 1, 0.1)


def test_the_gradient_is_told_when_it_was_measured(batches: Batches) -> None:
    text = said(batches, state([math.inf], step=1), 1, norm=12.345)
    assert "(rate 0.25, gradient length 12.3)" in text


@pytest.mark.parametrize(
    ("num_losses", "epoch", "wanted"), [(9, 0, None), (10, 0, 5.5), (10, 1, None)]
)
def test_the_first_ten_losses_of_all_are_what_is_normal(
    batches: Batches, num_losses: int, epoch: int, wanted: float | None
) -> None:
    made = state([float(n + 1) for n in range(num_losses)], step=num_losses, epoch=epoch)
    Watch(batches).check(made, num_losses, 0.1)
    assert made.first_loss == wanted


def test_what_is_normal_is_found_once(batches: Batches) -> None:
    made = state([1.0] * 10 + [2.0] * 40, step=50, first_loss=0.5)
    Watch(batches).check(made, 50, 0.1)
    assert made.first_loss == 0.5


@pytest.mark.parametrize(
    ("recent", "done", "is_broken"),
    [(20.0, 60, False), (20.5, 60, True), (20.5, 49, False), (20.5, 50, True)],
)
def test_twenty_times_as_much_is_not_broken_and_more_is(
    batches: Batches, recent: float, done: int, is_broken: bool
) -> None:
    made = state([recent] * 60, step=160, epoch=1, first_loss=1.0)
    if not is_broken:
        Watch(batches).check(made, done, 0.1)
        return
    assert "the loss rose from 1 to 20.5 at step 160 of epoch 2" in said(batches, made, done)


def test_the_last_fifty_losses_are_the_recent_ones(batches: Batches) -> None:
    """Fifty of them alone are 21 times as large; the one before is not among them."""
    made = state([1e6] + [19.0] * 50, step=51, first_loss=1.0)
    Watch(batches).check(made, 51, 0.1)


@pytest.mark.parametrize(
    ("value", "is_strange"), [(1000.0, False), (-1001.0, True), (np.nan, False)]
)
def test_a_number_beyond_a_thousand_is_strange(
    make_tiny: Any, tmp_path: Any, value: float, is_strange: bool
) -> None:
    age = np.zeros(403, np.float32)
    age[17] = value
    made = make_tiny(tmp_path / "age", names=("age",), values={"age": age})
    batches = Batches(made.part("train"), Settings(batch_size=8), num_outputs=4, seed=0)
    told = [strange_columns(batches, 0, number) for number in range(batches.per_epoch)]
    wanted = ["column 'age' holds 1e+03 standard deviations in row 170"] if is_strange else []
    assert [line for lines in told for line in lines] == wanted


@pytest.mark.parametrize(("back", "is_found"), [(15, True), (16, False)])
def test_sixteen_batches_are_looked_at(
    make_tiny: Any, tmp_path: Any, back: int, is_found: bool
) -> None:
    age = np.zeros(403, np.float32)
    age[17] = 3e30
    made = make_tiny(tmp_path / "age", names=("age",), values={"age": age})
    batches = Batches(made.part("train"), Settings(batch_size=4), num_outputs=4, seed=0)
    # Of the epochs whose order has the row early enough.
    epoch, where = next(
        (epoch, number)
        for epoch in range(20)
        for number in range(batches.per_epoch - back)
        if strange_columns(batches, epoch, number)
    )
    losses = [1.0] * (where + back) + [math.nan]
    text = said(batches, state(losses, step=len(losses), epoch=epoch), len(losses))
    assert ("holds 3e+30 standard deviations in row 170" in text) == is_found
