"""Decisions: what stands between the output of a graph and an answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from stoker.answers.classes import softmax
from stoker.bundle.decision import Decision, Interval
from stoker.bundle.regions import regions
from stoker.core.errors import RecipeError
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

PETS = FittedClassify(classes=("cat", "dog"), counts=(1, 1), kind="text")
AGE = FittedRegress(mean=10, std=2, low=0, high=99)


def test_survives_json() -> None:
    whole = Decision(
        shift=(0.0, -1.0),
        temperature=1.5,
        weights=(0.2, 0.8),
        aim="f1",
        share=0.1,
        interval=Interval(edges=(0.5,), low=(-1.0, -2.0), high=(1.0, 2.0)),
    )
    assert Decision.model_validate_json(json.dumps(whole.model_dump(mode="json"))) == whole


def test_a_shift_takes_back_class_weights() -> None:
    """Weights multiply the odds that are learned; the shift brings the shares back."""
    weight_K = np.array([1.0, 9.0])
    shares = np.array([[0.9, 0.1]])
    learned = np.log(shares * weight_K)
    decision = Decision(shift=tuple(-np.log(weight_K)))
    np.testing.assert_allclose(softmax(decision.adjust(learned)), shares, rtol=1e-6)


def test_weights_move_the_answer_and_no_probability() -> None:
    output_NK = np.log([[0.7, 0.3]])
    plain, moved = PETS.decode(output_NK), PETS.decode(output_NK, (0.25, 0.75))
    assert plain["prediction"].to_pylist() == ["cat"]
    assert moved["prediction"].to_pylist() == ["dog"]
    assert moved["confidence"].to_pylist() == [pytest.approx(0.3)]
    assert moved["probabilities"] == plain["probabilities"]


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(RecipeError, match="is no probability"):
        Decision().with_threshold(threshold, "--threshold")


def test_an_interval_follows_the_size_of_the_prediction() -> None:
    interval = Interval(edges=(0.0,), low=(-1.0, -3.0), high=(1.0, 3.0))
    found = regions(np.array([[-1.0], [1.0]]), AGE, Decision(interval=interval))
    assert found["low"].to_pylist() == [6.0, 6.0]
    assert found["high"].to_pylist() == [10.0, 18.0]


@pytest.mark.parametrize(("low", "high"), [(1.0, 3.0), (-3.0, -1.0), (0.0, 0.0), (-1.0, 1.0)])
def test_an_interval_holds_its_own_prediction(low: float, high: float) -> None:
    """A model that is biased among small numbers errs to one side in 9 of 10 rows."""
    output_NK = np.linspace(-2, 2, 101, dtype=np.float32)[:, None]
    decision = Decision(interval=Interval(edges=(0.0,), low=(low, -1.0), high=(high, 1.0)))
    found = regions(output_NK, AGE, decision)
    answer_N = AGE.decode(output_NK)["prediction"].to_numpy()
    assert (found["low"].to_numpy() <= answer_N).all()
    assert (answer_N <= found["high"].to_numpy()).all()


def test_a_set_holds_its_own_prediction_though_weights_move_it() -> None:
    output_NK, weights = np.log([[0.8, 0.2], [0.6, 0.4], [0.9, 0.1]]), (0.15, 0.85)
    found = regions(output_NK, PETS, Decision(share=0.5, weights=weights))["set"].to_pylist()
    answers = PETS.decode(output_NK, weights)["prediction"].to_pylist()
    assert answers == ["dog", "dog", "cat"]
    assert found == [["cat", "dog"], ["cat", "dog"], ["cat"]]


def test_a_set_has_the_most_probable_class_at_least() -> None:
    found = regions(np.log([[0.6, 0.4], [0.9, 0.1]]), PETS, Decision(share=0.95))
    assert found["set"].to_pylist() == [["cat"], ["cat"]]
    wide = regions(np.log([[0.6, 0.4], [0.9, 0.1]]), PETS, Decision(share=0.3))
    assert wide["set"].to_pylist() == [["cat", "dog"], ["cat"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0},
        {"weights": [1, 0]},
        {"interval": {"edges": [1, 1], "low": [0, 0, 0], "high": [0, 0, 0]}},
        {"interval": {"low": [0, 0], "high": [0]}},
    ],
)
def test_wrong_parts_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate(wrong)
