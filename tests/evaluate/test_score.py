"""Scores, intervals, paired comparisons, curves and worst rows of whole evaluations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_curve

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.core.errors import DataError
from stoker.evaluate.bootstrap import Candidate, draws
from stoker.evaluate.constant import answer_words, worse_words
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.intervals import interval
from stoker.evaluate.metrics import Metric
from stoker.evaluate.metrics.accuracy import Accuracy
from stoker.evaluate.metrics.balanced_accuracy import BalancedAccuracy
from stoker.evaluate.metrics.ece import Ece
from stoker.evaluate.metrics.mae import Mae
from stoker.evaluate.metrics.precision import Precision
from stoker.evaluate.metrics.recall import Recall
from stoker.evaluate.metrics.roc_auc import RocAuc
from stoker.evaluate.mistakes import worst_rows
from stoker.evaluate.score import evaluate, evaluate_all, metrics_of
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

TASK = FittedRegress(mean=10.0, std=2.0, low=0.0, high=20.0)


def classes(*names: str) -> FittedClassify:
    return FittedClassify(classes=names, counts=(5,) * len(names), kind="text")


def scored(num_rows: int, width: int, *, skill: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    target_N = generator.integers(0, width, num_rows)
    output_NK = generator.normal(size=(num_rows, width))
    output_NK[np.arange(num_rows), target_N] += skill
    return output_NK.astype(np.float32), target_N


def test_same_seed_same_evaluation_and_json_keeps_it() -> None:
    output_NK, target_N = scored(300, 3)
    first = evaluate(output_NK, target_N, classes("a", "b", "猫"), seed=7, resamples=50)
    again = evaluate(output_NK, target_N, classes("a", "b", "猫"), seed=7, resamples=50)
    assert first == again
    assert Evaluation.model_validate_json(first.model_dump_json()) == first
    assert "NaN" not in json.dumps(first.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize("width", [2, 3])
def test_every_metric_is_there_inside_its_interval(width: int) -> None:
    output_NK, target_N = scored(400, width)
    names = classes(*"abc"[:width])
    evaluation = evaluate(output_NK, target_N, names, seed=0, resamples=200)
    assert list(evaluation.metrics) == list(metrics_of(ClassAnswers))
    for name, score in evaluation.metrics.items():
        assert score.value is not None
        assert score.low is not None
        assert score.high is not None
        assert score.low <= score.value <= score.high, name


def test_a_class_never_answered_has_shares_inside_their_range() -> None:
    """Few rows and an answer that is always the same: a share is still at most 1."""
    target_N = np.array([0] * 6 + [1] * 3)
    output_NK = np.tile(np.array([0.7, -0.7], np.float32), (9, 1))
    evaluation = evaluate(output_NK, target_N, classes("a", "b"), seed=0, resamples=300)
    for name in ("f1", "recall", "accuracy", "balanced_accuracy"):
        score = evaluation.metrics[name]
        assert score.low is not None, name
        assert score.high is not None, name
        assert 0 <= score.low <= score.high <= 1, name


def _held(
    metric: Metric[Any], made: Callable[[np.random.Generator], Any], truth: float, trials: int
) -> float:
    """Share of fresh samples whose interval of a metric holds what many rows say.

    A sample in which nobody was answered with the class has no interval, and is not counted.
    """
    generator, held, shown = np.random.default_rng(0), 0, 0
    for trial in range(trials):
        answers = made(generator)
        candidate = Candidate(answers, {"it": metric}, 60)
        (draw,) = draws(answers.num_rows, 60, trial)
        candidate.take(0, draw)
        whole = Draw(np.ones(answers.num_rows, dtype=np.int64))
        between = candidate.intervals(candidate.values(whole), whole)["it"]
        assert between is not None
        shown += between[0] < between[1]
        held += between[0] <= truth <= between[1]
    assert shown > trials / 2
    return held / shown


def _rare(generator: np.random.Generator, size: int = 200) -> ClassAnswers:
    """One row in fifteen is of the second class; odds are what they should be."""
    odds_N = generator.normal(-3.5, 1.5, size)
    truth_N = (generator.random(size) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)
    truth_N[:2] = 0, 1
    return ClassAnswers(np.stack([0 * odds_N, odds_N], axis=1), truth_N)


def _heavy(generator: np.random.Generator) -> NumberAnswers:
    truth_N = np.exp(generator.normal(0, 0.8, 200))
    return NumberAnswers(np.full(200, 1.4), truth_N)


@pytest.mark.parametrize(
    ("metric", "made"),
    [
        (Accuracy(), _rare),
        (Recall(), _rare),
        (Precision(), _rare),
        (BalancedAccuracy(), _rare),
        (RocAuc(), _rare),
        (Ece(), _rare),
        (Mae(), _heavy),
    ],
    ids=lambda one: getattr(type(one), "title", ""),
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    metric: Metric[Any], made: Callable[[np.random.Generator], Any]
) -> None:
    """60 samples of a few rows: intervals of 95 % should miss about 3 times."""
    if made is _rare:
        truth = metric.score(_rare(np.random.default_rng(9), 200_000))
    else:  # a mean over rows: many samples are as good as a large one
        truth = float(
            np.mean([metric.score(made(np.random.default_rng(n))) for n in range(400, 700)])
        )
    assert _held(metric, made, truth, 120) >= 0.86


def test_one_class_only_is_reported_as_undefined() -> None:
    output_NK, _ = scored(40, 2)
    evaluation = evaluate(output_NK, np.zeros(40, dtype=np.int64), classes("n", "y"), seed=0)
    area = evaluation.metrics["roc_auc"]
    assert area.value is None
    assert area.low is None
    assert area.note is not None
    assert "only one class" in area.note
    assert evaluation.headline == "accuracy"
    assert evaluation.curves is not None
    assert evaluation.curves.roc is None


def test_a_model_with_no_mistake_is_not_called_certain() -> None:
    target_N = np.array([0, 1, 2] * 10)
    evaluation = evaluate(np.eye(3)[target_N] * 9, target_N, classes(*"abc"), seed=0, resamples=50)
    accuracy, area = evaluation.metrics["accuracy"], evaluation.metrics["roc_auc"]
    assert area.note is not None
    assert "none of 30 rows differs" in area.note
    assert accuracy.low == pytest.approx(0.8843, abs=1e-4)
    assert accuracy.high == 1.0
    for name in ("f1_macro", "roc_auc", "log_loss"):
        score = evaluation.metrics.get(name)
        ends = (None, None) if score is None else (score.low, score.high)
        assert ends == (None, None) or ends[0] != ends[1], name
    assert evaluation.confusion is not None
    assert evaluation.confusion.pairs == []


def test_single_row() -> None:
    evaluation = evaluate(np.array([[0.0, 2.0]]), np.array([1]), classes("n", "y"), seed=0)
    accuracy = evaluation.metrics["accuracy"]
    assert (accuracy.value, accuracy.high) == (1.0, 1.0)
    assert accuracy.low == pytest.approx(0.025), "one row says next to nothing"
    evaluation = evaluate(np.array([[0.5]]), np.array([0.0]), TASK, seed=0, resamples=20)
    assert evaluation.metrics["mae"].value == 1.0
    assert evaluation.metrics["r2"].value is None


def test_numbers_are_in_the_unit_of_the_target() -> None:
    target_N = np.linspace(-1, 1, 50, dtype=np.float32)
    evaluation = evaluate(target_N[:, None] + 0.5, target_N, TASK, seed=0, resamples=20)
    assert evaluation.metrics["mae"].value == pytest.approx(1.0)
    assert evaluation.residuals is not None
    assert evaluation.residuals.quantiles["0.5"] == pytest.approx(1.0)
    assert sum(rows for _, _, rows in evaluation.residuals.histogram) == 50


@pytest.mark.parametrize(
    ("output_NK", "target_N", "says"),
    [
        (np.zeros((0, 2)), np.zeros(0, dtype=np.int64), "no rows to score"),
        (np.array([[np.nan, 0.0], [1.0, 0.0]]), np.array([0, 1]), "not a finite number in 1 of 2"),
        (np.zeros((2, 2)), np.zeros(3, dtype=np.int64), "2 outputs stand beside 3 targets"),
    ],
)
def test_refuses_what_cannot_be_scored(
    output_NK: np.ndarray, target_N: np.ndarray, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        evaluate(output_NK, target_N, classes("n", "y"), seed=0)


def test_paired_comparison_sees_what_separate_intervals_hide() -> None:
    output_NK, target_N = scored(2000, 4, skill=1.5)
    better_NK = output_NK.copy()
    wrong = np.flatnonzero(output_NK.argmax(axis=1) != target_N)[:30]
    better_NK[wrong] = np.eye(4)[target_N[wrong]] * 9
    both = evaluate_all(
        {"model": better_NK, "baseline": output_NK},
        target_N,
        classes(*"abcd"),
        seed=0,
        resamples=300,
        reference="baseline",
    )
    model, baseline = both["model"].metrics["accuracy"], both["baseline"].metrics["accuracy"]
    assert model.low is not None
    assert baseline.high is not None
    assert model.low < baseline.high
    assert both["model"].comparison is not None
    gain = both["model"].comparison.metrics["accuracy"]
    assert gain.value == pytest.approx(30 / 2000)
    assert gain.verdict == "better"
    assert both["model"].comparison.metrics["log_loss"].verdict == "better"
    assert both["baseline"].comparison is None


def test_a_model_compared_with_itself_is_neither_better_nor_worse() -> None:
    output_NK, target_N = scored(100, 3)
    both = evaluate_all(
        {"a": output_NK, "b": output_NK},
        target_N,
        classes(*"abc"),
        seed=0,
        resamples=50,
        reference="b",
    )
    assert both["a"].comparison is not None
    assert {d.verdict for d in both["a"].comparison.metrics.values()} == {"unclear"}
    for name, score in both["a"].metrics.items():
        assert score.value == both["b"].metrics[name].value, name


def test_the_constant_answer_is_the_shares_or_the_mean_of_the_training_rows() -> None:
    target_N = np.array([0] * 60 + [1] * 40)
    task = FittedClassify(classes=("n", "y"), counts=(90, 10), kind="text")
    noise_N2 = np.random.default_rng(0).normal(size=(100, 2))
    both = evaluate_all({"model": noise_N2}, target_N, task, seed=0, resamples=100, constant=True)
    metrics = {name: score.value for name, score in both["constant"].metrics.items()}
    assert metrics["accuracy"] == 0.6
    assert metrics["roc_auc"] == 0.5
    assert metrics["precision"] == metrics["recall"] == metrics["f1"] == 0.0
    assert metrics["log_loss"] == pytest.approx(-0.6 * np.log(0.9) - 0.4 * np.log(0.1))
    assert both["constant"].per_class is not None
    assert both["constant"].per_class[1].precision is None
    assert both["constant"].over_constant is None
    assert both["model"].is_no_better_than_constant
    assert answer_words(both["constant"]) == "'n'"

    number_N1 = np.linspace(-2, 2, 50)[:, None]
    both = evaluate_all(
        {"model": number_N1}, number_N1[:, 0], TASK, seed=0, resamples=100, constant=True
    )
    assert answer_words(both["constant"]) == "10"
    assert both["constant"].metrics["rmse"].value == pytest.approx(2 * np.std(number_N1))
    assert both["model"].gap_to_constant is not None
    assert both["model"].gap_to_constant.verdict == "better"
    assert not both["model"].is_no_better_than_constant


def test_equal_answers_are_counted_together_without_changing_a_score() -> None:
    generator = np.random.default_rng(0)
    target_N = generator.integers(0, 3, 200)
    same_NK = np.tile(np.log([0.5, 0.3, 0.2]), (200, 1))
    nearly_NK = same_NK + np.array([0, 0, 1e-13]) * (np.arange(200) == 7)[:, None]
    task = classes("a", "b", "c")
    together = evaluate(same_NK, target_N, task, seed=1, resamples=60)
    apart = evaluate(nearly_NK, target_N, task, seed=1, resamples=60)
    for name, score in together.metrics.items():
        if name not in ("roc_auc", "pr_auc"):  # the smallest difference is a rank there
            assert score.value == pytest.approx(apart.metrics[name].value, abs=1e-9), name
            assert score.low == pytest.approx(apart.metrics[name].low, abs=1e-9), name
    assert together.metrics["roc_auc"].value == 0.5
    assert together.per_class is not None
    assert apart.per_class is not None
    pairs = zip(together.per_class, apart.per_class, strict=True)
    assert all(one.recall_interval == other.recall_interval for one, other in pairs)


@pytest.mark.parametrize(("num_rows", "verdict"), [(5, "unclear"), (6, "better")])
def test_a_handful_of_rows_makes_nothing_better(num_rows: int, verdict: str) -> None:
    target_N1 = np.linspace(-1, 1, num_rows)[:, None]
    outputs = {"model": target_N1, "baseline": target_N1 + 1}
    both = evaluate_all(
        outputs, target_N1[:, 0], TASK, seed=0, resamples=100, reference="baseline", constant=True
    )
    assert both["model"].comparison is not None
    assert both["model"].comparison.metrics["rmse"].verdict == verdict
    assert both["model"].is_no_better_than_constant is (verdict == "unclear")


@pytest.mark.parametrize(("skill", "beaten"), [(9.0, True), (0.0, False), (-9.0, False)])
def test_without_intervals_the_values_say_who_is_better(skill: float, beaten: bool) -> None:
    output_NK, target_N = scored(100, 2, skill=skill)
    task = classes("n", "y")
    outputs = {"model": output_NK * (skill != 0)}
    both = evaluate_all(outputs, target_N, task, seed=0, resamples=0, constant=True)
    assert both["model"].is_no_better_than_constant is not beaten


@given(st.integers(2, 6), st.integers(1, 60))
def test_confusion_agrees_with_scikit_learn(width: int, num_rows: int) -> None:
    output_NK, target_N = scored(num_rows, width, skill=0.5)
    names = classes(*"abcdef"[:width])
    evaluation = evaluate(output_NK, target_N, names, seed=0, resamples=2)
    assert evaluation.confusion is not None
    theirs = confusion_matrix(target_N, output_NK.argmax(axis=1), labels=list(range(width)))
    assert evaluation.confusion.rows == theirs.tolist()
    wrong = theirs.sum() - np.trace(theirs)
    assert sum(pair.rows for pair in evaluation.confusion.pairs) == wrong


def test_many_classes_keep_pairs_but_no_matrix() -> None:
    output_NK, target_N = scored(500, 150, skill=1.0)
    names = classes(*(f"c{i:03}" for i in range(150)))
    evaluation = evaluate(output_NK, target_N, names, seed=0, resamples=5)
    assert evaluation.confusion is not None
    assert evaluation.confusion.rows is None
    assert len(evaluation.confusion.pairs) == 50


def test_roc_curve_lies_on_the_exact_one() -> None:
    output_NK, target_N = scored(5000, 2, skill=1.0)
    evaluation = evaluate(output_NK, target_N, classes("n", "y"), seed=0, resamples=2)
    assert evaluation.curves is not None
    assert evaluation.curves.roc is not None
    x, y = np.array(evaluation.curves.roc).T
    margin_N = output_NK[:, 1].astype(float) - output_NK[:, 0]
    exact_x, exact_y, _ = roc_curve(target_N, margin_N, drop_intermediate=False)
    exact = {(round(a, 12), round(b, 12)) for a, b in zip(exact_x, exact_y, strict=True)}
    assert {(round(a, 12), round(b, 12)) for a, b in zip(x, y, strict=True)} <= exact
    assert len(x) <= 202
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)


def test_worst_rows_are_the_most_believed_mistakes() -> None:
    output_NK = np.array([[5.0, 0], [0, 1], [9, 0], [0.1, 0]])
    worst = worst_rows(output_NK, np.array([1, 1, 1, 1]), classes("n", "y"))
    assert [row.index for row in worst] == [2, 0, 3]
    assert (worst[0].truth, worst[0].prediction) == ("y", "n")
    assert worst[0].confidence == pytest.approx(0.99987, abs=1e-5)
    assert worst_rows(output_NK, np.array([0, 1, 0, 0]), classes("n", "y")) == []
    far = worst_rows(np.array([[0.0], [3.0]]), np.array([0.5, 0.0]), TASK, limit=1)
    assert (far[0].index, far[0].truth, far[0].prediction) == (1, 10.0, 16.0)


def test_draws_repeat_and_intervals_skip_undefined_ones() -> None:
    first = [draw.count_N.tolist() for draw in draws(6, 3, seed=1)]
    assert first == [draw.count_N.tolist() for draw in draws(6, 3, seed=1)]
    assert first != [draw.count_N.tolist() for draw in draws(6, 3, seed=2)]
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert interval(np.array([np.nan, np.nan, 1.0])) is None


def test_every_score_that_the_constant_answer_beats_is_told() -> None:
    """Odds that were multiplied by nine: the order is right, and nothing else."""
    draw = np.random.default_rng(0)
    odds_N = draw.normal(-2.6, 1, 4000)
    target_N = (draw.random(4000) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)
    zero_N = np.zeros(4000)
    task = FittedClassify(classes=("no", "yes"), counts=(360, 40), kind="text")
    outputs = {"model": np.stack([zero_N, odds_N + np.log(9)], axis=1)}
    found = evaluate_all(outputs, target_N, task, seed=0, resamples=100, constant=True)
    model, constant = found["model"], found["constant"]
    assert not model.is_no_better_than_constant
    assert model.worse_than_constant == ["accuracy", "log_loss", "brier"]
    words = worse_words(model, constant)
    assert "Log loss 0." in words
    assert "clearly worse than always answering 'no'" in words
    assert "an order and not for chances" in words
    honest = {"model": np.stack([zero_N, odds_N], axis=1)}
    found = evaluate_all(honest, target_N, task, seed=0, resamples=100, constant=True)
    assert worse_words(found["model"], found["constant"]) == ""


def test_worse_scores_of_a_regression_are_told_too() -> None:
    far_N = np.r_[np.zeros(95), np.full(5, 40.0)]
    outputs = {"model": np.full((100, 1), 9.0) + np.arange(100)[:, None] * 1e-3}
    found = evaluate_all(outputs, far_N, TASK, seed=0, resamples=100, constant=True)
    assert worse_words(found["model"], found["constant"]).startswith("Mean absolute error")


def test_nothing_is_known_of_answers_that_were_never_given() -> None:
    target_N = np.array([0] * 30 + [1] * 10)
    task = classes("n", "y")
    found = evaluate(np.array([[1.0, 0.0]] * 40), target_N, task, seed=0, resamples=100)
    precision, recall = found.metrics["precision"], found.metrics["recall"]
    assert (precision.value, precision.low, precision.high) == (0.0, None, None)
    assert (recall.value, recall.low) == (0.0, 0.0)
    assert recall.high is not None
    assert 0.1 < recall.high < 0.4, "none of ten may yet be one of ten"


def test_equal_scores_are_not_clearly_different() -> None:
    """Both have an F1 of 0: one answers the rare class in wrong rows, the constant one never."""
    truth_N = np.array([0] * 180 + [1] * 20)
    answered_N = np.zeros(200, int)
    answered_N[:30] = 1
    task = FittedClassify(classes=("no", "yes"), counts=(180, 20), kind="text")
    scored = evaluate_all(
        {"model": np.eye(2)[answered_N] * 4.0}, truth_N, task, seed=0, constant=True
    )["model"]
    assert scored.metrics["f1"].value == 0
    assert "f1" not in scored.worse_than_constant
