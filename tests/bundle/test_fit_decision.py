"""Decisions are learned from rows left out: probabilities come right, aims are met, sets hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stoker.answers.classes import softmax
from stoker.bundle.decision import Decision
from stoker.bundle.fit_decision import fit_decision
from stoker.bundle.regions import members
from stoker.core.errors import RecipeError
from stoker.core.events import recording
from stoker.models._row_losses import loss_of
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

PETS = FittedClassify(classes=("cat", "dog"), counts=(9, 1), kind="text")
MANY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
AGE = FittedRegress(mean=0, std=1, low=0, high=1)


def rare(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are right, of a class that is about one row in ten, and drawn classes."""
    random = np.random.default_rng(seed)
    logit_N = random.normal(size=rows) - 2.6
    target_N = (random.random(rows) < 1 / (1 + np.exp(-logit_N))).astype(np.int64)
    return np.stack([np.zeros(rows), logit_N], axis=1), target_N


def answers(decision: Decision, output_NK: np.ndarray) -> np.ndarray:
    table = PETS.decode(decision.adjust(output_NK), decision.weights)
    return np.array([one == "dog" for one in table["prediction"].to_pylist()])


def test_right_probabilities_stay_as_they_are() -> None:
    found = fit_decision(*rare(4000), PETS)
    assert found.changes_nothing
    assert found.share is not None


@pytest.mark.parametrize("factor", [0.3, 4.0])
def test_a_temperature_mends_too_sure_and_too_shy(factor: float) -> None:
    output_NK, target_N = rare(4000)
    found = fit_decision(output_NK * factor, target_N, PETS)
    assert found.temperature == pytest.approx(factor, rel=0.15)
    mended = loss_of(found.adjust(output_NK * factor), target_N)
    assert mended == pytest.approx(loss_of(output_NK, target_N), rel=0.01)


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_without_a_mistake_do_not_make_certain(classes: int) -> None:
    """All 150 rows are right by luck; of the rows to come, one in fifty is not."""
    random = np.random.default_rng(3)
    target_N = random.integers(0, classes, 150)
    right = math.log(0.98 / 0.02 * (classes - 1))
    output_NK = right * np.eye(classes)[target_N]
    found = fit_decision(output_NK, target_N, PETS if classes == 2 else MANY)
    told_N = random.integers(0, classes, 5000)
    truth_N = np.where(random.random(5000) < 0.02, (told_N + 1) % classes, told_N)
    logit_NK = right * np.eye(classes)[told_N]
    assert loss_of(found.adjust(logit_NK), truth_N) < 1.1 * loss_of(logit_NK, truth_N)


@pytest.mark.parametrize("rows", [40, 63, 150, 1000])
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_many_classes_do_not_drown_few_rows(classes: int, rows: int) -> None:
    """Probabilities that are right stay nearly so, however many classes stand beside few rows."""
    random = np.random.default_rng(7)
    names = tuple(str(number) for number in range(classes))
    task = FittedClassify(classes=names, counts=(1,) * classes, kind="text")
    shift = 2 + math.log(classes)
    logit_NK = random.normal(size=(4000, classes))
    logit_NK[np.arange(4000), random.integers(0, classes, 4000)] += shift
    cut_NK = np.cumsum(softmax(logit_NK), axis=1)
    truth_N = np.minimum((random.random((4000, 1)) > cut_NK).sum(axis=1), classes - 1)
    found = fit_decision(logit_NK[:rows], truth_N[:rows], task)
    said_N = softmax(found.adjust(logit_NK[rows:])).max(axis=1)
    was_N = softmax(logit_NK[rows:]).max(axis=1)
    assert abs(said_N.mean() - was_N.mean()) < (0.15 if rows < 100 else 0.06)


def test_few_rows_give_no_temperature() -> None:
    """Twelve rows say nothing about how sure a model is."""
    output_NK, target_N = rare(12)
    assert fit_decision(output_NK * 1.3, target_N, PETS).temperature == 1.0


def test_class_weights_cost_no_probability() -> None:
    """Trained with balanced weights, answers lean to the rare class and shares stay shares."""
    output_NK, target_N = rare(4000)
    weight_K = np.array([0.55, 5.0], np.float32)
    learned_NK = output_NK + np.log(weight_K)
    found = fit_decision(learned_NK, target_N, PETS, weight_K=weight_K)
    fair = softmax(found.adjust(learned_NK))
    assert fair[:, 1].mean() == pytest.approx(target_N.mean(), abs=0.01)
    constant = loss_of(np.tile(np.log([1 - target_N.mean(), target_N.mean()]), (4000, 1)), target_N)
    assert loss_of(learned_NK, target_N) > constant > loss_of(found.adjust(learned_NK), target_N)
    assert answers(found, learned_NK).mean() > 3 * answers(Decision(), output_NK).mean()
    assert found.aim == "the weights of the classes"


def test_f1_is_better_than_at_a_half() -> None:
    output_NK, target_N = rare(4000)
    found = fit_decision(output_NK, target_N, PETS, aim="f1")
    asked_NK, truth_N = rare(4000, seed=1)

    def f1(is_answer_N: np.ndarray) -> float:
        hits = (is_answer_N & (truth_N == 1)).sum()
        return 2 * hits / (is_answer_N.sum() + truth_N.sum())

    assert f1(answers(found, asked_NK)) > 1.3 * f1(answers(Decision(), asked_NK))


@pytest.mark.parametrize(("name", "wanted"), [("precision", 0.4), ("recall", 0.8)])
def test_a_wanted_precision_or_recall_is_met(name: str, wanted: float) -> None:
    output_NK, target_N = rare(20_000)
    found = fit_decision(output_NK, target_N, PETS, aim={name: wanted})
    is_answer_N = answers(found, output_NK)
    hits = (is_answer_N & (target_N == 1)).sum()
    reached = hits / (is_answer_N.sum() if name == "precision" else target_N.sum())
    assert wanted <= reached < wanted + 0.02
    assert found.aim == f"a {name} of {wanted:g}"


def test_an_aim_out_of_reach_is_said() -> None:
    with recording() as lines:
        fit_decision(*rare(2000), PETS, aim={"precision": 0.999999})
    assert any("no threshold reaches a precision" in line.text for line in lines)


def test_a_cost_gives_its_threshold() -> None:
    cost = {"false_positive": 1.0, "false_negative": 4.0}
    found = fit_decision(*rare(500), PETS, aim={"cost": cost})
    assert found.threshold == pytest.approx(0.2)


def test_aims_need_two_classes() -> None:
    output_NK, target_N = np.zeros((30, 3)), np.arange(30) % 3
    with pytest.raises(RecipeError, match="there are 3"):
        fit_decision(output_NK, target_N, MANY, aim="f1")
    with pytest.raises(RecipeError, match="the answers to this target are numbers"):
        fit_decision(np.zeros((30, 1)), np.zeros(30, np.float32), AGE, aim="f1")


def test_sets_hold_the_truth_of_unseen_rows() -> None:
    output_NK, target_N = rare(3000)
    share = fit_decision(output_NK, target_N, PETS).share
    assert share is not None
    asked_NK, truth_N = rare(20_000, seed=1)
    held = members(softmax(asked_NK), share)[np.arange(len(truth_N)), truth_N].mean()
    assert 0.88 < held < 0.93


def test_intervals_hold_the_truth_of_unseen_rows_of_any_size() -> None:
    """Errors grow with the number; intervals do too."""
    random = np.random.default_rng(0)

    def drawn(rows: int) -> tuple[np.ndarray, np.ndarray]:
        value = np.abs(random.normal(size=rows))
        return value, (value + value * random.normal(size=rows)).astype(np.float32)

    value, target = drawn(4000)
    interval = fit_decision(value[:, None], target, AGE).interval
    assert interval is not None
    asked, truth = drawn(20_000)
    low, high = interval.around(asked)
    held = (low <= truth) & (truth <= high)
    assert 0.88 < held.mean() < 0.92
    large = asked > np.quantile(asked, 0.9)
    assert 0.84 < held[large].mean() < 0.96
    assert (high - low)[large].mean() > 5 * (high - low)[asked < np.quantile(asked, 0.1)].mean()


def test_too_few_rows_have_no_ends() -> None:
    assert fit_decision(np.zeros((9, 1)), np.zeros(9, np.float32), AGE).interval is None
    assert fit_decision(np.zeros((9, 2)), np.zeros(9, np.int64), PETS).share is None
    assert math.isfinite(fit_decision(np.zeros((1, 2)), np.zeros(1, np.int64), PETS).temperature)
