"""Metrics of label sets are those of scikit-learn, and answers say what is right of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as right

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.core.steps import make_step
from stoker.evaluate.metrics import STAGE, Metric, UndefinedMetricError


@st.composite
def cases(draw: st.DrawFn) -> LabelSetAnswers:
    """Coarse outputs (so many ties) of 1 to 20 rows and 2 to 5 labels."""
    size, width = draw(st.integers(1, 20)), draw(st.integers(2, 5))
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    output_NK = generator.integers(-4, 5, (size, width)) / 2
    return LabelSetAnswers(output_NK, generator.random((size, width)) < draw(st.floats(0, 1)))


def score(name: str, answers: LabelSetAnswers) -> float:
    try:
        return make_step(STAGE, name, Metric).score(answers)
    except UndefinedMetricError:
        return float("nan")


@given(answers=cases())
@settings(max_examples=60, deadline=None)
def test_metrics_are_those_of_scikit_learn(answers: LabelSetAnswers) -> None:
    truth_NK, answer_NK = answers.truth_NK, answers.answer_NK
    assert score("subset_accuracy", answers) == pytest.approx(
        right.accuracy_score(truth_NK, answer_NK)
    )
    assert score("hamming_loss", answers) == pytest.approx(right.hamming_loss(truth_NK, answer_NK))
    losses = [
        right.log_loss(truth_N, probability_N, labels=[False, True])
        for truth_N, probability_N in zip(
            truth_NK.T, 1 / (1 + np.exp(-answers.output_NK.T)), strict=True
        )
    ]
    assert score("label_log_loss", answers) == pytest.approx(np.mean(losses))
    there_K = np.flatnonzero((truth_NK | answer_NK).any(axis=0))
    if len(there_K):
        for name, average in (("micro_f1", "micro"), ("macro_f1", "macro")):
            expected = right.f1_score(
                truth_NK, answer_NK, average=average, labels=there_K, zero_division=0
            )
            assert score(name, answers) == pytest.approx(expected)
    true_K = truth_NK.any(axis=0)
    if true_K.any():
        expected = right.average_precision_score(truth_NK[:, true_K], answers.output_NK[:, true_K])
        assert score("mean_average_precision", answers) == pytest.approx(expected)


def test_without_any_label_what_cannot_be_said_is_undefined() -> None:
    none = LabelSetAnswers(np.full((3, 2), -1.0), np.zeros((3, 2)))
    assert np.isnan([score(name, none) for name in ("micro_f1", "macro_f1")]).all()
    assert np.isnan(score("mean_average_precision", none))
    assert score("subset_accuracy", none) == 1


def test_weights_move_what_is_answered() -> None:
    even = LabelSetAnswers(np.log([[0.25, 1.5]]), np.array([[1, 1]]))  # probabilities 0.2 and 0.6
    assert even.answer_NK.tolist() == [[False, True]]
    wanted = LabelSetAnswers(even.output_NK, even.truth_NK, weights=(2.5,))
    assert wanted.answer_NK.tolist() == [[True, True]]
    assert wanted.rows(np.array([0, 0])).answer_NK.all()
    assert wanted.told(0) == ("0, 1", "0, 1", None)
    assert even.told(0)[1] == "1"


def test_a_draw_counts_rows() -> None:
    answers = LabelSetAnswers(np.array([[1.0, -1], [1, 1]]), np.array([[1, 0], [0, 1]]))
    tally = answers.tally(Draw(np.array([[2, 0], [1, 3]])))
    assert tally.hit_K.tolist() == [[2, 0], [1, 3]]
    assert tally.answered_K.tolist() == [[2, 0], [4, 3]]
