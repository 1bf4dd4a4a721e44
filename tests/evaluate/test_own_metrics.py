"""Metrics of a user's own: they spoil nothing, and what they fail to say is told as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.cli.verbs.run import describe as result_text
from stoker.core.errors import OwnCodeError, RecipeError
from stoker.core.events import recording
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.gates import check_gates, parse_gates
from stoker.evaluate.metrics import Metric, UndefinedMetricError
from stoker.evaluate.score import evaluate_all
from stoker.pipeline.result import RunResult
from stoker.recipe.describe import describe
from stoker.recipe.load import load_recipe
from stoker.recipe.schema import json_schema
from stoker.tasks.regress import FittedRegress

TASK = FittedRegress(mean=10, std=3, low=0, high=30)
GIVES: dict[str, Any] = {
    "nan": float("nan"),
    "inf": float("inf"),
    "none": None,
    "text": "0.5",
    "list": [0.5, 0.5],
}


class Given(Metric[NumberAnswers]):
    """What it is told to give."""

    takes = NumberAnswers
    title = "Given"
    higher_is_better = False
    what: str = "nan"

    def prepare(self, answers: NumberAnswers) -> None:
        """Nothing, or a reason why there is none."""
        if self.what == "undefined":
            raise UndefinedMetricError("no day is a holiday")

    def value(self, prepared: None, draw: Any) -> Any:
        """That."""
        return GIVES[self.what]


class Many(Given):
    """A number for a draw of many, where a number for each is wanted."""

    takes_many = True

    def value(self, prepared: None, draw: Any) -> Any:
        """One for all."""
        return 0.5


class Pinball(Metric[NumberAnswers]):
    """Pinball loss."""

    takes = NumberAnswers
    title = "Pinball loss"
    higher_is_better = False
    quantile: float = 0.9

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        """Of each row."""
        short_N = answers.truth_N - answers.answer_N
        return np.maximum(self.quantile * short_N, (self.quantile - 1) * short_N)

    def value(self, prepared: np.ndarray, draw: Any) -> Any:
        """Their mean."""
        return draw.mean(prepared)


HERE = __name__


def scored(*own: Metric[Any]) -> Evaluation:
    """Numbers that are a little wrong."""
    random = np.random.default_rng(0)
    target_N = random.normal(size=60)
    outputs = {"model": (target_N + random.normal(0, 0.1, 60))[:, None]}
    return evaluate_all(outputs, target_N, TASK, seed=0, resamples=100, own_metrics=own)["model"]


@pytest.mark.parametrize("name", ["truth_N", "answer_N", "error_N"])
def test_no_metric_can_write_to_what_all_of_them_see(name: str) -> None:
    whose = np.zeros(3)
    answers = NumberAnswers(whose, np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        getattr(answers, name)[:] = 1
    assert whose.flags.writeable, "only the view is not"


@pytest.mark.parametrize(
    "name",
    ["truth_N", "answer_N", "hit_N", "confidence_N", "loss_N", "probability_NK", "belief_NK"],
)
def test_nor_to_anything_of_classes(name: str) -> None:
    answers = ClassAnswers(np.eye(2), np.array([0, 1]))
    for _ in range(2):  # made now, and kept
        with pytest.raises(ValueError, match="read-only"):
            getattr(answers, name)[:] = 0


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("nan", "it is no finite number on these rows"),
        ("inf", "it is no finite number on these rows"),
        ("undefined", "no day is a holiday"),
    ],
)
def test_a_metric_without_a_value_is_shown_with_the_reason(what: str, why: str) -> None:
    name, found = f"{HERE}:Given", scored(Given(what=what))
    score = found.metrics[name]
    assert (score.value, score.note, score.detail) == (None, why, False)
    (gate,) = check_gates({name: "<= 1"}, found)
    assert gate.text == f"{name} is undefined ({why}), so {name} <= 1 is not met"
    summary = {"headline": "h", "undefined": {name: why}}
    metrics = {"rmse": {"value": 1.0}}
    text = result_text(RunResult("r-1", "done", metrics=metrics, summary=summary), "m")
    assert f"{name} is undefined: {why}" in text
    assert any(line.split()[:2] == [name, "undefined"] for line in text.splitlines())


@pytest.mark.parametrize("what", ["none", "text", "list"])
def test_a_value_that_is_no_number_is_a_mistake_of_the_metric(what: str) -> None:
    with pytest.raises(OwnCodeError, match=f"value of your step {HERE}:Given gave"):
        scored(Given(what=what))


def test_a_metric_that_takes_many_gives_a_value_for_each() -> None:
    with pytest.raises(OwnCodeError, match=r"of shape \(\) for a draw of \d+ resamples"):
        scored(Many())


def test_one_metric_may_be_there_several_times() -> None:
    found = scored(Pinball(quantile=0.2), Pinball(quantile=0.8))
    names = [f"{HERE}:Pinball(quantile=0.2)", f"{HERE}:Pinball(quantile=0.8)"]
    assert [name for name in found.metrics if ":" in name] == names
    assert found.metrics[names[0]].title == f"Pinball loss ({names[0]})"
    own = (Pinball(quantile=0.2), Pinball(quantile=0.8))
    assert len(parse_gates({names[1]: "<= 3"}, NumberAnswers, own)) == 1
    assert scored(Pinball(quantile=0.2)).metrics[f"{HERE}:Pinball"].title == (
        f"Pinball loss ({HERE}:Pinball, quantile=0.2)"
    )
    with pytest.raises(RecipeError, match="is measured already"):
        scored(Pinball(quantile=0.2), Pinball(quantile=0.2))


@pytest.mark.parametrize(
    ("rule", "is_told"), [("<= 3", False), ("< 3", False), (">= 3", True), ("> 3", True)]
)
def test_a_gate_that_only_good_results_miss_is_told(rule: str, is_told: bool) -> None:
    with recording() as lines:
        parse_gates({"rmse": rule}, NumberAnswers)
        parse_gates({"accuracy": ">= 0.5"}, ClassAnswers)
    assert ["of rmse lower is better" in line.text for line in lines] == [True] * is_told


def test_what_is_always_measured_is_not_offered_as_a_choice() -> None:
    text = describe("evaluate.metrics")
    assert "a list of your own steps, each module:Class" in text
    assert "always there:" in text
    items = json_schema()["properties"]["evaluate"]["properties"]["metrics"]["items"]
    assert "rmse" not in str(items)
    keys: dict[str, Any] = {
        "version": 1,
        "name": "a",
        "data": {"sources": [{"csv": {"path": "a.csv"}}]},
        "target": {"y": "regress"},
        "evaluate": {"metrics": ["rmse"]},
    }
    with pytest.raises(RecipeError, match="rmse cannot stand here: what stoker has"):
        load_recipe(keys)
