"""Scores that rest on few rows of a class: intervals hold, and nothing is called better."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.bootstrap import Candidate, draws
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.metrics.roc_auc import RocAuc
from stoker.evaluate.score import evaluate_all
from stoker.tasks.classify import FittedClassify

TASK = FittedClassify(classes=("fine", "fraud"), counts=(1196, 4), kind="text")
RANKED = ("roc_auc", "pr_auc")


def _area_of(score_N: np.ndarray, rare: int, seed: int) -> tuple[float, float]:
    """The interval of the area; the first `rare` rows are of the second class."""
    target_N = (np.arange(len(score_N)) < rare).astype(np.int64)
    output_NK = np.stack([0 * score_N, score_N], axis=1)
    candidate = Candidate(ClassAnswers(output_NK, target_N), {"roc_auc": RocAuc()}, 100)
    for draw in draws(len(score_N), 100, seed):
        candidate.take(0, draw)
    whole = Draw(np.ones(len(score_N), dtype=np.int64))
    found = candidate.intervals(candidate.values(whole), whole)["roc_auc"]
    assert found is not None
    return found


def _scored(score_N: np.ndarray, rare: int) -> Evaluation:
    """The same beside the constant answer."""
    target_N = (np.arange(len(score_N)) < rare).astype(np.int64)
    output_NK = np.stack([0 * score_N, score_N], axis=1)
    outputs = {"model": output_NK}
    return evaluate_all(outputs, target_N, TASK, seed=0, resamples=200, constant=True)["model"]


@pytest.mark.parametrize("rare", [1, 2, 3, 5, 10])
def test_the_interval_of_noise_holds_a_half(rare: int) -> None:
    held = 0
    for seed in range(300):
        score_N = np.random.default_rng([seed, rare]).normal(size=300)
        low, high = _area_of(score_N, rare, seed)
        held += low <= 0.5 <= high
    assert held >= 0.93 * 300


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
def test_the_interval_of_a_good_model_is_wide_and_holds(rare: int) -> None:
    """Of rows whose area is 0.921 (two normal distributions, two deviations apart)."""
    held = 0
    for seed in range(100):
        score_N = np.random.default_rng([seed, rare]).normal(size=300)
        score_N[:rare] += 2
        low, high = _area_of(score_N, rare, seed)
        assert high - low > 0.3
        held += low <= 0.921 <= high
    assert held >= 93


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
def test_few_rows_found_first_are_no_proof(rare: int) -> None:
    found = _scored(np.where(np.arange(400) < rare, 3.0, -3.0 - np.arange(400) % 7), rare)
    assert found.over_constant is not None
    rows = f"{rare} row{'' if rare == 1 else 's'} of 'fraud'"
    for name in (*RANKED, "recall", "f1", "balanced_accuracy"):
        assert found.over_constant.metrics[name].verdict == "unclear", name
        assert rows in (found.metrics[name].note or ""), name
    area, precise = (found.metrics[name] for name in RANKED)
    assert area.low is not None
    assert area.low < 0.6
    assert (area.value, area.high) == (1.0, 1.0)
    assert (precise.low, precise.note) == (None, f"no interval: it rests on {rows}")
    assert found.is_no_better_than_constant


def test_six_rows_are_enough_to_compare() -> None:
    found = _scored(np.where(np.arange(400) < 6, 3.0, -3.0 - np.arange(400) % 7), 6)
    assert found.over_constant is not None
    for name in (*RANKED, "recall"):
        assert found.over_constant.metrics[name].verdict == "better", name
        assert "rests on" not in (found.metrics[name].note or ""), name


def test_a_rare_class_of_three_widens_the_mean_over_them() -> None:
    task = FittedClassify(classes=("a", "b", "rare"), counts=(90, 90, 3), kind="text")
    draw = np.random.default_rng(3)
    target_N = np.r_[2, np.arange(299) % 2]
    found = evaluate_all(
        {"model": draw.normal(size=(300, 3))}, target_N, task, seed=0, resamples=200
    )["model"].metrics["roc_auc"]
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.2
    assert found.note == "it rests on 1 row of 'rare'"
