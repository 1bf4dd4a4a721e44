"""The training loop: it learns, stops in time, repeats itself, refuses what cannot be trained."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from stoker.core.errors import RecipeError, TrainingError
from stoker.train.network_output import outputs
from stoker.train.schedules import Schedule
from stoker.train.settings import Settings

QUICK = Settings(epochs=4, batch_size=16, rate=0.01, threads=1, checkpoint_every_s=1000)


def quick(**changes: object) -> Settings:
    return Settings.model_validate({**QUICK.model_dump(), **changes})


@pytest.mark.parametrize("model", ["mlp", "logistic", {"cnn": {"width": 4}}])
def test_learns_the_corners(tiny: Any, model: object) -> None:
    trained = tiny.train(QUICK, model=model)
    assert trained.history[-1]["validation_accuracy"] > 0.8
    assert trained.history[-1]["train_loss"] < trained.history[0]["train_loss"]
    assert (trained.steps, trained.stopped) == (4 * 26, "epochs")
    assert not trained.network.training


def test_learns_numbers(table: Any) -> None:
    trained = table.train(quick(epochs=30), model={"mlp": {"hidden": [16]}})
    first, last = trained.history[0], trained.history[-1]
    assert last["validation_rmse"] < 1.5
    assert last["validation_rmse"] == pytest.approx(2 * last["validation_loss"] ** 0.5, rel=1e-5)
    assert last["validation_rmse"] < first["validation_rmse"]


def test_equal_trainings_are_equal_and_other_seeds_are_not(mixed: Any, weights_sha: Any) -> None:
    settings = quick(augment=["shift", "rotate"], ema=0.9, epochs=2)
    model = {"cnn": {"width": 4, "dropout": 0.3}}
    seeds = {"first": 0, "again": 0, "other": 1}
    runs = [mixed.train(settings, model=model, scratch=s, seed=n) for s, n in seeds.items()]
    first, second, other = (weights_sha(run.network) for run in runs)
    assert first == second != other
    assert runs[0].history == runs[1].history


def test_callers_randomness_is_left_alone(tiny: Any) -> None:
    network = tiny.network("mlp")
    assert network is not None
    torch.manual_seed(5)
    expected = torch.rand(3)
    tiny.network("mlp")
    torch.manual_seed(5)
    state = torch.get_rng_state()
    settings = quick(epochs=1)
    from stoker.train.loop import train_network

    train_network(
        network,
        tiny.part("train"),
        tiny.part("validation"),
        tiny.task,
        settings,
        seed=0,
        scratch=tiny.folder / "s",
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() >= 1


@pytest.mark.parametrize("weights", ["none", "balanced", {"一": 3.0}])
def test_micro_batches_equal_the_batch(tiny: Any, weights: object) -> None:
    base = {
        "optimizer": {"sgd": {"momentum": 0.5}},
        "batch_size": 50,
        "rate": 0.05,
        "class_weights": weights,
        "gradient_clip": 0.5,
    }
    whole = tiny.train(quick(**base), scratch="whole")
    for pieces in (2, 3, 7):
        cut = tiny.train(quick(**base, accumulate=pieces), scratch=f"cut {pieces}")
        torch.testing.assert_close(
            cut.network.state_dict(), whole.network.state_dict(), rtol=0, atol=1e-6
        )


def test_patience_stops_and_the_best_epoch_is_kept(tiny: Any) -> None:
    trained = tiny.train(quick(epochs=50, patience=2, schedule="constant", rate=0.02))
    accuracies = [record["validation_accuracy"] for record in trained.history]
    assert trained.stopped == "patience"
    assert len(accuracies) < 50
    found = outputs(trained.network, tiny.part("validation")).argmax(1)
    assert (found == tiny.part("validation").target).mean() == pytest.approx(max(accuracies))


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_is_the_epochs_without_a_better_one(tiny: Any, patience: int) -> None:
    """A rate that moves no weight: the first epoch stays the best."""
    still = {"rate": 1e-30, "schedule": "constant", "patience": patience}
    trained = tiny.train(quick(epochs=20, **still), model="mlp", scratch="stops")
    assert (len(trained.history), trained.stopped) == (1 + patience, "patience")
    trained = tiny.train(quick(epochs=patience, **still), model="mlp", scratch="ends")
    assert (len(trained.history), trained.stopped) == (patience, "epochs")


def test_average_of_weights_is_what_is_scored(tiny: Any) -> None:
    plain = tiny.train(quick(schedule="constant", rate=0.05), scratch="plain")
    averaged = tiny.train(quick(schedule="constant", rate=0.05, ema=0.9), scratch="ema")
    train_losses = [[r["train_loss"] for r in run.history] for run in (plain, averaged)]
    assert train_losses[0] == train_losses[1]
    assert plain.history[0]["validation_loss"] != averaged.history[0]["validation_loss"]


def test_mixup_trains_on_blended_targets(tiny: Any) -> None:
    trained = tiny.train(quick(augment=["mixup"], epochs=6, label_smoothing=0.1))
    assert trained.history[-1]["validation_accuracy"] > 0.8


def test_seconds_are_accounted_for(tiny: Any) -> None:
    trained = tiny.train(quick(epochs=3))
    parts = {k: v for k, v in trained.seconds.items() if k != "total"}
    assert set(parts) == {"data", "evaluate", "checkpoint", "forward", "backward", "optimizer"}
    assert sum(parts.values()) <= trained.seconds["total"] + 0.01
    assert len(trained.epoch_seconds) == 3
    assert trained.speed["rows_per_s"] > 0


def test_progress_reaches_its_total(tiny: Any, heard: Any) -> None:
    tiny.train(quick(epochs=2))
    assert heard.lines[0] == "train 0/52 steps"
    assert heard.advanced == 52


class Clock:
    """Time that passes by itself at every look, and where a step takes longer."""

    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += 1e-3
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "perf_counter", made)
    return made


class Slow(Schedule):
    """A schedule that takes its time, as a machine does that slows down after the plan."""

    clock: ClassVar[Clock]

    def factor(self, step: int, total: int) -> float:
        self.clock.now_s += 0.05
        return 1.0


def test_budget_is_planned(tiny: Any, heard: Any, clock: Clock) -> None:
    trained = tiny.train(quick(epochs=100_000, budget_s=2.0))
    assert 1.0 < clock.now_s <= 2.0
    assert trained.stopped == "budget"
    rates = [record["rate"] for record in trained.history]
    assert rates[-1] < max(rates), "the schedule was stretched over the plan, not over all epochs"
    assert any("budget of 2 s" in line for line in heard.lines)


def test_budget_is_kept_on_a_machine_that_slows_down(
    tiny: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Slow, "clock", clock, raising=False)
    trained = tiny.train(quick(epochs=100_000, budget_s=1.5, schedule=Slow()))
    assert 1.2 < clock.now_s <= 1.5 + 0.06, "a step more than the budget at most"
    assert trained.stopped == "budget"
    assert trained.steps <= 30
    assert len(trained.history) >= 1


def test_threads_are_chosen_and_said(tiny: Any, heard: Any) -> None:
    before = torch.get_num_threads()
    trained = tiny.train(quick(threads=0, epochs=1))
    assert trained.speed["threads"] >= 1
    assert torch.get_num_threads() == before


def test_empty_parts_are_refused(tiny: Any, tmp_path: Path) -> None:
    from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
    from stoker.train.loop import train_network

    with PreparedWriter(tmp_path, "empty", {"图": Column("uint8", (1, 8, 8))}, Column("int64")):
        pass
    empty = PreparedSet.open(tmp_path, "empty")
    for parts in ((empty, tiny.part("validation")), (tiny.part("train"), empty)):
        with pytest.raises(TrainingError, match="part has no rows"):
            train_network(
                tiny.network("mlp"), *parts, tiny.task, QUICK, seed=0, scratch=tmp_path / "s"
            )


@pytest.mark.parametrize(
    ("fixture", "changes", "says"),
    [
        ("table", {"augment": ["shift"]}, "no input is an image"),
        ("mixed", {"augment": ["mixup"]}, "half a category"),
        ("tiny", {"class_weights": {"五": 1}}, "no class of the training part"),
        ("table", {"class_weights": "balanced"}, "needs classes"),
        ("table", {"label_smoothing": 0.1}, "mean nothing to a number"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    request: pytest.FixtureRequest, fixture: str, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(RecipeError, match=says):
        request.getfixturevalue(fixture).train(quick(**changes))


def test_outputs_are_those_of_the_network_and_leave_its_mode(tiny: Any) -> None:
    network = tiny.network({"cnn": {"width": 4}}).train()
    part = tiny.part("validation")
    found = outputs(network, part)
    assert network.training
    network.eval()
    expected = network({"图": torch.from_numpy(np.array(part.columns["图"]))}).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert found.dtype == np.float32


def test_a_network_with_nothing_but_forward_trains_too(tiny: Any) -> None:
    from stoker.train.loop import train_network

    class Own(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(64, 4)

        def forward(self, raw: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.layer(raw["图"].float().flatten(1) / 255 - 0.4)

    trained = train_network(
        Own(),
        tiny.part("train"),
        tiny.part("validation"),
        tiny.task,
        QUICK,
        seed=0,
        scratch=tiny.folder / "own",
    )
    assert trained.history[-1]["validation_accuracy"] > 0.8
