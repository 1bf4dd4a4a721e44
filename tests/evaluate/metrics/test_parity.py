"""Metrics agree with scikit-learn to 1e-9, ties, single rows and missing classes included."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.core.steps import find_step
from stoker.evaluate.metrics import STAGE, Metric, UndefinedMetricError
from stoker.evaluate.metrics.ece import Ece

Case = tuple[np.ndarray, np.ndarray]


def score(name: str, answers: ClassAnswers | NumberAnswers, **fields: Any) -> float:
    return find_step(STAGE, name, Metric)(**fields).score(answers)


def close(value: float) -> Any:
    return pytest.approx(value, abs=1e-9, rel=1e-9)


@st.composite
def class_cases(draw: st.DrawFn, least: int = 2, most: int = 6) -> Case:
    size, width = draw(st.integers(1, 40)), draw(st.integers(least, most))
    grid = st.lists(st.integers(-9, 9), min_size=size * width, max_size=size * width)
    output_NK = np.array(draw(grid), dtype=np.float64).reshape(size, width) / 3
    truth = draw(st.lists(st.integers(0, width - 1), min_size=size, max_size=size))
    return output_NK, np.array(truth)


def numbers(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-50, 50), min_size=size, max_size=size)


number_cases = st.integers(2, 40).flatmap(lambda n: st.tuples(numbers(n), numbers(n)))


@settings(max_examples=50)
@given(class_cases())
def test_decisions(case: Case) -> None:
    answers = ClassAnswers(*case)
    truth, answer, width = answers.truth_N, answers.answer_N, answers.num_classes
    assert score("accuracy", answers) == close(reference.accuracy_score(truth, answer))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of classes that are never true
        balanced = reference.balanced_accuracy_score(truth, answer)
    assert score("balanced_accuracy", answers) == close(balanced)
    for name in ("precision", "recall", "f1"):
        theirs = getattr(reference, f"{name}_score")
        for average in ("macro", "micro"):
            value = theirs(truth, answer, average=average, zero_division=0)
            assert score(name, answers, average=average) == close(value)
        if width == 2 and (truth | answer).any():
            assert score(name, answers) == close(theirs(truth, answer, zero_division=0))


@given(class_cases(most=2))
def test_binary_ranking_with_ties(case: Case) -> None:
    answers = ClassAnswers(*case)
    assume(len(np.unique(answers.truth_N)) == 2)
    chance_N = answers.probability_NK[:, 1]
    assert score("roc_auc", answers) == close(reference.roc_auc_score(answers.truth_N, chance_N))
    precision = reference.average_precision_score(answers.truth_N, chance_N)
    assert score("pr_auc", answers) == close(precision)


@settings(max_examples=50)
@given(class_cases(least=3))
def test_one_against_the_rest_over_the_classes_that_occur(case: Case) -> None:
    answers = ClassAnswers(*case)
    occurring = np.unique(answers.truth_N)
    assume(len(occurring) >= 2)
    areas, precisions = [], []
    for one in occurring:
        is_one_N, chance_N = answers.truth_N == one, answers.probability_NK[:, one]
        areas.append(reference.roc_auc_score(is_one_N, chance_N))
        precisions.append(reference.average_precision_score(is_one_N, chance_N))
    assert score("roc_auc", answers) == close(np.mean(areas))
    assert score("pr_auc", answers) == close(np.mean(precisions))
    if len(occurring) == answers.num_classes:
        whole = reference.roc_auc_score(
            answers.truth_N, answers.probability_NK, multi_class="ovr", average="macro"
        )
        assert score("roc_auc", answers) == close(float(whole))


@settings(max_examples=50)
@given(class_cases())
def test_probabilities(case: Case) -> None:
    answers = ClassAnswers(*case)
    labels, truth = list(range(answers.num_classes)), answers.truth_N
    chance_NK = answers.probability_NK
    assert score("log_loss", answers) == close(reference.log_loss(truth, chance_NK, labels=labels))
    shown = chance_NK[:, 1] if answers.num_classes == 2 else chance_NK
    fields: dict[str, Any] = {"pos_label": 1} if answers.num_classes == 2 else {"labels": labels}
    assert score("brier", answers) == close(reference.brier_score_loss(truth, shown, **fields))


@given(class_cases())
def test_ece_is_its_definition_where_rows_are_many(case: Case) -> None:
    answers = ClassAnswers(*case)
    edges = np.linspace(0, 1, 16)
    assume(np.abs(answers.confidence_N[:, None] - edges).min() > 1e-9)
    expected, size = 0.0, answers.num_rows
    for low in np.arange(15) / 15:
        inside = (answers.confidence_N > low) & (answers.confidence_N <= low + 1 / 15 + 1e-12)
        if inside.any():
            gap = answers.hit_N[inside].mean() - answers.confidence_N[inside].mean()
            expected += inside.sum() / size * abs(gap)
    metric, often = Ece(), Draw(np.full(size, 10**9))
    found = metric.value(metric.prepare(answers), often)
    assert found == pytest.approx(expected, abs=1e-4)
    assert score("ece", answers) <= expected + 0.25, "and never far above it"


def test_chance_is_no_calibration_error() -> None:
    """Rows that come true as often as they say: the plain definition says 0.08 of 150 of them."""
    draw, found = np.random.default_rng(0), []
    for _ in range(40):
        margin_N = draw.normal(0, 1.5, 150)
        truth_N = (draw.random(150) < 1 / (1 + np.exp(-margin_N))).astype(np.int64)
        found.append(score("ece", ClassAnswers(np.stack([0 * margin_N, margin_N], 1), truth_N)))
    assert np.mean(found) < 0.05


@given(number_cases)
def test_numbers(case: tuple[list[int], list[int]]) -> None:
    truth_N, answer_N = np.array(case[0]) / 7, np.array(case[1]) / 7
    answers = NumberAnswers(answer_N, truth_N)
    assert score("mae", answers) == close(reference.mean_absolute_error(truth_N, answer_N))
    rmse = reference.root_mean_squared_error(truth_N, answer_N)
    assert score("rmse", answers) == close(rmse)
    if np.ptp(truth_N) > 0:
        assert score("r2", answers) == close(reference.r2_score(truth_N, answer_N))


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc"])
def test_one_class_only_is_undefined_and_says_why(name: str) -> None:
    answers = ClassAnswers(np.zeros((3, 2)), np.array([1, 1, 1]))
    with pytest.raises(UndefinedMetricError, match="only one class"):
        score(name, answers)


def test_constant_truth_leaves_r2_undefined() -> None:
    with pytest.raises(UndefinedMetricError, match="the truth is the same"):
        score("r2", NumberAnswers(np.array([1.0, 2.0]), np.array([3.0, 3.0])))


def test_golden_numbers() -> None:
    """Worked by hand: five rows of two classes, one tie, one mistake."""
    logit_N = np.array([-2.0, -1.0, 0.5, 0.5, 3.0])
    answers = ClassAnswers(np.stack([np.zeros(5), logit_N], axis=1), np.array([0, 0, 0, 1, 1]))
    assert score("accuracy", answers) == 0.8
    assert score("balanced_accuracy", answers) == close((2 / 3 + 1) / 2)
    assert score("precision", answers) == close(2 / 3)
    assert score("recall", answers) == 1.0
    assert score("f1", answers) == close(0.8)
    assert score("roc_auc", answers) == close(5.5 / 6)
    assert score("pr_auc", answers) == close(0.5 * 1 + 0.5 * 2 / 3)
    losses = [0.126928011, 0.313261688, 0.974076984, 0.474076984, 0.048587352]
    assert score("log_loss", answers) == pytest.approx(sum(losses) / 5, abs=1e-9)
