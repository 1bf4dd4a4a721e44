"""Threads, rates and speed: what is measured before and after training."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import TrainingError
from stoker.train import finder
from stoker.train import plan as plan_module
from stoker.train.batches import Batches
from stoker.train.finder import find_rate
from stoker.train.plan import StepTrial, make_plan, steps_that_fit
from stoker.train.settings import Settings
from stoker.train.speed import multiplications, peak_gflops
from stoker.train.threads import num_threads


@given(
    left_s=st.floats(0, 1e4),
    step_s=st.floats(1e-4, 1),
    score_s=st.floats(0, 10),
    per_epoch=st.integers(1, 5000),
)
def test_planned_steps_fit(left_s: float, step_s: float, score_s: float, per_epoch: int) -> None:
    steps = steps_that_fit(left_s, step_s=step_s, score_s=score_s, per_epoch=per_epoch)
    assert steps >= 1
    spent_s = steps * step_s + (steps / per_epoch + 1) * score_s
    assert spent_s <= left_s or steps == 1


@pytest.mark.parametrize(
    ("width", "threads"), [(8, 1), (15_000, 1), (16_000, 2), (31_000, 3), (500_000, 4)]
)
def test_threads_follow_from_the_work_of_a_step(
    monkeypatch: pytest.MonkeyPatch, tiny: Any, heard: Any, width: int, threads: int
) -> None:
    class Wide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(64, width)

        def forward(self, raw: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.layer(raw["图"].flatten(1).float())

    monkeypatch.setattr(plan_module, "available_cores", lambda: 4)
    settings = Settings(batch_size=32)
    told = Settings(batch_size=32)
    batches = Batches(tiny.part("train"), told, num_outputs=tiny.task.output.width, seed=0)
    trial = StepTrial(Wide(), tiny.part("validation"), tiny.task, settings, batches)
    assert [make_plan(trial, 0.0).threads for _ in range(2)] == [threads, threads]
    assert f"training on {threads} of 4 threads" in heard.lines[0]


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with num_threads(3):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


def test_finder_suggests_a_rate_that_trains(tiny: Any) -> None:
    settings = Settings(batch_size=32, threads=1, epochs=6)
    network = tiny.network("mlp")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    curve = find_rate(network, tiny.part("train"), tiny.task, settings, seed=0)
    torch.testing.assert_close(dict(network.state_dict()), before, rtol=0, atol=0)
    assert list(curve.rates) == sorted(curve.rates)
    assert 1e-5 < curve.rate < 0.5
    trained = tiny.train(settings.model_copy(update={"rate": curve.rate}))
    assert trained.history[-1]["validation_accuracy"] > 0.7


def test_finder_says_when_nothing_can_be_learned(tiny: Any) -> None:
    network = tiny.network("logistic")
    for weight in network.parameters():
        weight.requires_grad_(requires_grad=False)
    network.bias.requires_grad_()
    settings = Settings(batch_size=400, threads=1)
    with pytest.raises(TrainingError, match="did not fall"):
        find_rate(network, tiny.part("train"), tiny.task, settings, seed=0, steps=3)


def test_multiplications_of_the_tutorial_net(tiny: Any) -> None:
    network = tiny.network({"mlp": {"hidden": [500]}})
    row = {"图": torch.zeros(1, 1, 8, 8, dtype=torch.uint8)}
    assert multiplications(network, row) == 2 * 64 * 500 + 3 * 500 * 4
    assert network.training


def test_peak_is_a_rate() -> None:
    assert 0.1 < peak_gflops() < 1e5


def test_steps_are_tried_on_a_copy(tiny: Any) -> None:
    """What a budget holds is measured by steps that nobody asked for: they leave no trace."""
    settings = Settings(batch_size=32, threads=1, epochs=6, budget_s=1000.0)
    network = tiny.network("mlp")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    batches = Batches(tiny.part("train"), settings, num_outputs=4, seed=0)
    trial = StepTrial(network, tiny.part("validation"), tiny.task, settings, batches)
    plan = make_plan(trial, time.perf_counter())
    assert (plan.threads, plan.total_steps) == (1, 6 * batches.per_epoch)
    torch.testing.assert_close(dict(network.state_dict()), before, rtol=0, atol=0)
    assert all(weight.grad is None for weight in network.parameters())


@pytest.mark.parametrize(("step_s", "steps"), [(0.001, 100), (0.125, 8), (5.0, 1)])
def test_steps_are_tried_for_a_second_or_a_hundred_times(
    tiny: Any, monkeypatch: pytest.MonkeyPatch, step_s: float, steps: int
) -> None:
    """One more comes before, which pays for what is made at first; nothing else takes time."""
    now, taken = [0.0], []

    def step() -> None:
        now[0] += step_s
        taken.append(step_s)

    monkeypatch.setattr(plan_module, "_trial_step", lambda trial: step)
    monkeypatch.setattr(plan_module.time, "perf_counter", lambda: now[0])
    settings = Settings(batch_size=32, threads=1)
    batches = Batches(tiny.part("train"), settings, num_outputs=4, seed=0)
    trial = StepTrial(tiny.network("mlp"), tiny.part("validation"), tiny.task, settings, batches)
    assert plan_module._measure(trial) == (pytest.approx(step_s), 0.0)
    assert len(taken) == 1 + steps


@pytest.mark.parametrize(
    ("losses", "position"),
    [
        ([3.0, 1.0, 4.0, 4.0], 0),
        ([3.0, 2.9, 1.0, 9.0], 1),
        ([3.0, 2.9, 2.8, 1.0], 2),
        ([1.0, 2.0, 1.5, 1.4], None),
        ([1.0, 1.0, 1.0, 1.0], None),
        ([1.0], None),
    ],
)
def test_the_rate_is_where_the_loss_falls_most_before_its_lowest(
    tiny: Any, monkeypatch: pytest.MonkeyPatch, losses: list[float], position: int | None
) -> None:
    """What falls only after it rose above its beginning has not fallen."""
    rates = [0.5, 1.0, 2.0, 4.0][: len(losses)]
    monkeypatch.setattr(finder, "_search", lambda *_: (rates, losses))
    monkeypatch.setattr(finder, "smoothed", lambda seen: seen)
    network, settings = tiny.network("logistic"), Settings(batch_size=400)
    if position is None:
        with pytest.raises(TrainingError, match=f"at any rate from 1e-06 to {rates[-1]:g}"):
            find_rate(network, tiny.part("train"), tiny.task, settings, seed=0)
        return
    curve = find_rate(network, tiny.part("train"), tiny.task, settings, seed=0)
    assert curve == finder.RateCurve(rates[position], tuple(rates), tuple(losses))
