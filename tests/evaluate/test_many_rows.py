"""Intervals of very many rows: fewer draws, and ends as sure as those of all of them."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.evaluate import bootstrap
from stoker.evaluate.bootstrap import MANY_ROWS, Candidate
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.metrics.mae import Mae
from stoker.evaluate.score import evaluate_all, metrics_of
from stoker.tasks.classify import FittedClassify

TASK = FittedClassify(classes=("no", "yes"), counts=(5, 5), kind="text")
METRICS = ("accuracy", "f1", "roc_auc", "pr_auc", "log_loss", "brier")


def _rows(size: int, draw: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    odds_N = draw.normal(-1, 1.5, size)
    target_N = (draw.random(size) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)
    outputs = {
        name: np.stack([0 * odds_N, odds_N + draw.normal(0, noise, size)], axis=1)
        for name, noise in (("model", 0.0), ("baseline", 0.5))
    }
    return outputs, target_N


def _scored(size: int, seed: int, resamples: int = 1000) -> dict[str, Evaluation]:
    outputs, target_N = _rows(size, np.random.default_rng(seed))
    return evaluate_all(
        outputs, target_N, TASK, seed=seed, resamples=resamples, reference="baseline"
    )


def test_few_draws_of_many_rows_have_the_width_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    few = _scored(MANY_ROWS, 0)
    assert few["model"].resamples == 200
    monkeypatch.setattr(bootstrap, "MANY_ROWS", MANY_ROWS + 1)
    all_of_them = _scored(MANY_ROWS, 0)
    assert all_of_them["model"].resamples == 1000
    for name in METRICS:
        ours, theirs = few["model"].metrics[name], all_of_them["model"].metrics[name]
        assert ours.value == theirs.value
        assert ours.low is not None
        assert ours.high is not None
        assert theirs.low is not None
        assert theirs.high is not None
        assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.2), name
        assert few["model"].comparison is not None
        assert few["model"].comparison.metrics[name].verdict == "better"


def test_where_few_rows_decide_draws_are_not_taken_for_normal() -> None:
    """3 mistakes in 30,000 rows, or errors of which a handful is most."""
    truth_N = np.arange(30_000) % 2
    output_NK = np.stack([1.0 - truth_N, truth_N], axis=1)
    output_NK[:3] = output_NK[:3, ::-1]
    candidate = Candidate(ClassAnswers(output_NK, truth_N), metrics_of(ClassAnswers), 100)
    assert not any(candidate.is_normal(name) for name in METRICS)
    error_N = np.zeros(30_000)
    error_N[:5] = 1e6
    heavy = Candidate(NumberAnswers(error_N, np.zeros(30_000)), {"mae": Mae()}, 100)
    assert not heavy.is_normal("mae")
    plain = np.random.default_rng(0).normal(size=30_000)
    assert Candidate(NumberAnswers(plain, np.zeros(30_000)), {"mae": Mae()}, 100).is_normal("mae")


def test_perfect_answers_to_many_rows_have_intervals_within_their_range() -> None:
    truth_N = np.arange(MANY_ROWS) % 2
    output_NK = np.stack([1.0 - truth_N, truth_N], axis=1) * 50
    outputs = {"model": output_NK}
    for score in evaluate_all(outputs, truth_N, TASK, seed=0)["model"].metrics.values():
        if score.low is not None and score.high is not None:
            assert 0 <= score.low <= score.high <= 1
