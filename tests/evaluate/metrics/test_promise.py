"""Every metric keeps its promises; a new file is tested as soon as it exists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stoker.answers.classes import ClassAnswers
from stoker.answers.label_sets import LabelSetAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.answers.tags import TagAnswers
from stoker.answers.vectors import VectorAnswers
from stoker.cells.ragged import Ragged
from stoker.core.steps import find_step, step_name, step_names
from stoker.evaluate.metrics import STAGE, Metric, UndefinedMetricError
from stoker.testing import assert_metric, assert_metric_laws

Case = tuple[np.ndarray, np.ndarray]
NAMES = step_names(STAGE)


def make(name: str) -> Metric[Any]:
    return find_step(STAGE, name, Metric)()


# Two rows are right and one of class 1 is taken for class 0, each with probability 0.8; numbers are
# off by 0, 1 and 2.
_THREE = ClassAnswers(np.log([[0.8, 0.2], [0.2, 0.8], [0.8, 0.2]]), np.array([0, 1, 1]))
_OFF = NumberAnswers(np.array([1.0, 3.0, 5.0]), np.array([1.0, 2.0, 3.0]))
# Of four spans, one of which no tokens can mark, one is found; another is made up.  Of five tokens
# three are right, each with probability 0.6.
_TAGS = TagAnswers(
    Ragged(np.log(0.1 + 0.5 * np.eye(5)[[1, 2, 3, 0, 0]]), np.array([0, 3, 5])),
    Ragged(np.array([0, 1, 2, 0, 1, 1, 3]), np.array([0, 4, 7])),
    ("LOC", "PER"),
)
# Two labels of two rows: of three that are true two are found, and none is made up; probabilities
# are 0.8 where right and 0.2 of the one that is missed.
_LABELS = LabelSetAnswers(
    np.log(4) * np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([[1, 0], [1, 1]])
)
# Of two pairs one lies together; of the other pair one row finds its own third and one second.  A
# fifth row belongs to none and is asked nothing.
_TURNED = np.radians([0.0, 1.0, 10.0, 40.0, 60.0])
_PAIRS = VectorAnswers.of_vectors(
    np.stack([np.cos(_TURNED), np.sin(_TURNED)], axis=1), np.array([7, 7, 3, 3, 9])
)
WORTH = {
    "micro_f1": [(_LABELS, 4 / 5)],
    "macro_f1": [(_LABELS, 1 / 2)],
    "subset_accuracy": [(_LABELS, 1 / 2)],
    "hamming_loss": [(_LABELS, 1 / 4)],
    "label_log_loss": [(_LABELS, -(3 * np.log(0.8) + np.log(0.2)) / 4)],
    "recall_at_1": [(_PAIRS, 2 / 4)],
    "recall_at_10": [(_PAIRS, 1.0)],
    "mrr": [(_PAIRS, (1 + 1 + 1 / 3 + 1 / 2) / 4)],
    "accuracy": [(_THREE, 2 / 3)],
    "balanced_accuracy": [(_THREE, 3 / 4)],
    "brier": [(_THREE, (0.04 + 0.04 + 0.64) / 3)],
    "log_loss": [(_THREE, -(2 * np.log(0.8) + np.log(0.2)) / 3)],
    "mae": [(_OFF, 1.0)],
    "rmse": [(_OFF, np.sqrt(5 / 3))],
    "r2": [(_OFF, 1 - 5 / 2)],
    "span_precision": [(_TAGS, 1 / 2)],
    "span_recall": [(_TAGS, 1 / 4)],
    "tag_accuracy": [(_TAGS, 2 / 5)],
    "tag_loss": [(_TAGS, -(2 * np.log(0.6) + 3 * np.log(0.1)) / 2)],
}
"""What is simple enough to reckon by hand; the others are compared in `test_parity.py`."""
_RIGHT = ClassAnswers(40 * np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 2, 2]))
_EXACT = NumberAnswers(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
_MARKED = TagAnswers(
    _TAGS.output, Ragged(np.array([0, 1, 2, 0, 0, 1, 3]), np.array([0, 4, 7])), ("LOC", "PER")
).at_best()
TRUTHS = {
    (answers.of, rises): [(answers, float(rises))]
    for answers in (_RIGHT, _EXACT, _MARKED, _LABELS.at_best())
    for rises in (False, True)
}


def variants() -> list[Any]:
    found = []
    for name in NAMES:
        metric = make(name)
        found.append(pytest.param(metric, id=name))
        for suffix, fields in metric.variants.items():
            found.append(pytest.param(type(metric)(**fields), id=f"{name}_{suffix}"))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Coarse outputs (so many ties) and targets, of 1 to 25 rows."""
    size, width = draw(st.integers(1, 25)), draw(st.integers(2, 5))
    grid = st.lists(st.integers(-6, 6), min_size=size * width, max_size=size * width)
    output_NK = np.array(draw(grid), dtype=np.float64).reshape(size, width) / 2
    truth_N = np.array(draw(st.lists(st.integers(0, width - 1), min_size=size, max_size=size)))
    return output_NK, truth_N


def tags_of(output_NK: np.ndarray, truth_N: np.ndarray) -> TagAnswers:
    """Texts of one or two tokens; every third has a span that no tokens can mark."""
    size, width = output_NK.shape
    logit_V5 = np.full((2 * size, 5), -3.0)
    logit_V5[:size, :width] = output_NK
    logit_V5[size:, [0, 1]] = output_NK[:, :2]
    place_N = np.arange(size)
    length_N = 1 + place_N % 2
    offsets = np.concatenate([[0], length_N.cumsum()])
    token_V = np.concatenate([[i, i + size][: 1 + i % 2] for i in range(size)])
    single_5 = np.array([0, 1, 3, 0, 1])  # an I alone is no span
    tags = [[i % 3 == 0, single_5[t], single_5[-t]][: 2 + i % 2] for i, t in enumerate(truth_N)]
    target = Ragged(np.concatenate(tags).astype(np.int32), offsets + np.arange(size + 1))
    return TagAnswers(Ragged(logit_V5[token_V], offsets), target, ("LOC", "PER"))


def labels_of(output_NK: np.ndarray, truth_N: np.ndarray) -> LabelSetAnswers:
    """Rows of no label (every fourth), one, or two of them that lie side by side."""
    width = output_NK.shape[1]
    place_N = np.arange(len(truth_N))
    truth_NK = np.eye(width, dtype=bool)[truth_N] & (place_N % 4 > 0)[:, None]
    truth_NK |= np.roll(truth_NK, 1, axis=1) & (place_N % 3 == 0)[:, None]
    return LabelSetAnswers(output_NK, truth_NK)


def answers_of(metric: Metric[Any], output_NK: np.ndarray, truth_N: np.ndarray) -> Any:
    if metric.takes is ClassAnswers:
        return ClassAnswers(output_NK, truth_N)
    if metric.takes is TagAnswers:
        return tags_of(output_NK, truth_N)
    if metric.takes is LabelSetAnswers:
        return labels_of(output_NK, truth_N)
    if metric.takes is VectorAnswers:
        return VectorAnswers.of_vectors(output_NK, truth_N)
    return NumberAnswers(output_NK[:, 0], truth_N)


def score_or_none(metric: Metric[Any], output_NK: np.ndarray, truth_N: np.ndarray) -> float | None:
    try:
        score = metric.score(answers_of(metric, output_NK, truth_N))
    except UndefinedMetricError:
        return None
    return None if np.isnan(score) else score


ONE_CLASS_DRAW = (np.zeros((2, 3)), np.array([0, 1]))


@pytest.mark.parametrize("metric", variants())
@example(case=ONE_CLASS_DRAW, seed=0)
@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_keeps_its_laws(metric: Metric[Any], case: Case, seed: int) -> None:
    assert_metric_laws(metric, answers_of(metric, *case), seed=seed)


@pytest.mark.parametrize("metric", variants())
def test_is_worth_what_was_reckoned_by_hand(metric: Metric[Any]) -> None:
    usual = TRUTHS.get((metric.takes.of, metric.higher_is_better))
    worth = WORTH.get(step_name(metric), usual)
    if worth is None:
        pytest.skip(f"add {step_name(metric)} to WORTH: nothing is reckoned for its answers yet")
    assert_metric(metric, worth)


@pytest.mark.parametrize("metric", variants())
@given(case=cases())
@settings(max_examples=30)
def test_perfect_answers_are_worth_one_or_nothing(metric: Metric[Any], case: Case) -> None:
    try:
        best = metric.score(answers_of(metric, *case).at_best())
    except UndefinedMetricError:
        return
    lost = metric.takes is TagAnswers and "span" in step_name(metric)
    assert (
        np.isnan(best) or lost or best == pytest.approx(float(metric.higher_is_better), abs=1e-12)
    )
