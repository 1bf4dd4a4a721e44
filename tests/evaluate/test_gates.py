"""Gates are read strictly, compare the value, and say what the interval says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.core.errors import RecipeError
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.gates import check_gates, parse_gates
from stoker.evaluate.score import evaluate
from stoker.tasks.classify import FittedClassify

TASK = FittedClassify(classes=("n", "y"), counts=(5, 5), kind="text")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """80 of 100 right."""
    target_N = np.array([0, 1] * 50)
    output_NK = np.eye(2)[np.where(np.arange(100) < 20, 1 - target_N, target_N)]
    return evaluate(output_NK, target_N, TASK, seed=0, resamples=200)


@given(
    st.sampled_from([">=", "<=", ">", "<"]),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.sampled_from(["", " ", "  "]),
)
def test_reads_every_comparison(rule: str, bound: float, space: str) -> None:
    (gate,) = parse_gates({"accuracy": f"{space}{rule}{space}{bound!r}{space}"}, ClassAnswers)
    assert (gate.rule, gate.bound) == (rule, bound)


@pytest.mark.parametrize(
    "text", ["0.98", ">= high", "== 1", ">= nan", ">= 1e999", ">=", "", "> 1 2"]
)
def test_refuses_what_is_not_a_rule(text: str) -> None:
    with pytest.raises(RecipeError, match="is not a rule") as caught:
        parse_gates({"accuracy": text}, ClassAnswers)
    assert "'>= 0.98'" in str(caught.value)


def test_unknown_metric_gets_a_suggestion() -> None:
    with pytest.raises(RecipeError, match="did you mean 'accuracy'"):
        parse_gates({"acuracy": ">= 1"}, ClassAnswers)
    with pytest.raises(RecipeError, match="did you mean 'roc_auc'"):
        parse_gates({"ROC-AUC": ">= 1"}, ClassAnswers)


def test_metric_of_another_task_is_named() -> None:
    with pytest.raises(
        RecipeError,
        match="this metric is about classes, and the answers",
    ):
        parse_gates({"accuracy": ">= 1"}, NumberAnswers)


@pytest.mark.parametrize(
    ("rule", "passed", "sure"),
    [
        (">= 0.8", True, False),
        ("> 0.8", False, False),
        (">= 0.5", True, True),
        (">= 0.99", False, True),
        ("<= 0.79", False, False),
    ],
)
def test_the_value_decides(evaluation: Evaluation, rule: str, passed: bool, sure: bool) -> None:
    (result,) = check_gates({"accuracy": rule}, evaluation)
    assert (result.passed, result.sure) == (passed, sure)
    assert result.value == 0.8
    assert "95 % interval" in result.text
    assert ("across the bound" in result.text) == (not sure)


def test_undefined_metric_does_not_pass() -> None:
    one_class = evaluate(np.eye(2), np.array([0, 0]), TASK, seed=0, resamples=10)
    (result,) = check_gates({"roc_auc": ">= 0.1"}, one_class)
    assert not result.passed
    assert "undefined (only one class" in result.text
