"""Every metric keeps its promises; a new file is tested as soon as it exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.core.steps import find_step, step_names
from stoker.evaluate.metrics import STAGE, Metric, UndefinedMetricError

Case = tuple[np.ndarray, np.ndarray, np.ndarray]
NAMES = step_names(STAGE)


def make(name: str) -> Metric[Any]:
    return find_step(STAGE, name, Metric)()


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
    """Coarse outputs (so many ties), targets, and counts, of 1 to 25 rows."""
    size, width = draw(st.integers(1, 25)), draw(st.integers(2, 5))
    grid = st.lists(st.integers(-6, 6), min_size=size * width, max_size=size * width)
    output_NK = np.array(draw(grid), dtype=np.float64).reshape(size, width) / 2
    truth_N = np.array(draw(st.lists(st.integers(0, width - 1), min_size=size, max_size=size)))
    count_N = np.array(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    count_N[0] += 1
    return output_NK, truth_N, count_N


def answers_of(metric: Metric[Any], output_NK: np.ndarray, truth_N: np.ndarray) -> Any:
    if metric.takes is ClassAnswers:
        return ClassAnswers(output_NK, truth_N)
    return NumberAnswers(output_NK[:, 0], truth_N)


def score_or_none(metric: Metric[Any], output_NK: np.ndarray, truth_N: np.ndarray) -> float | None:
    try:
        score = metric.score(answers_of(metric, output_NK, truth_N))
    except UndefinedMetricError:
        return None
    return None if np.isnan(score) else score


def same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return first == pytest.approx(second, abs=1e-12, rel=1e-12)


ONE_CLASS_DRAW = (np.zeros((2, 3)), np.array([0, 1]), np.array([1, 0]))


@pytest.mark.parametrize("metric", variants())
@example(case=ONE_CLASS_DRAW)
@given(case=cases())
@settings(max_examples=60)
def test_counting_a_row_is_repeating_it(metric: Metric[Any], case: Case) -> None:
    output_NK, truth_N, count_N = case
    repeated = score_or_none(metric, output_NK.repeat(count_N, axis=0), truth_N.repeat(count_N))
    answers = answers_of(metric, output_NK, truth_N)
    try:
        counted = metric.value(metric.prepare(answers), Draw(count_N))
    except UndefinedMetricError:
        assert repeated is None
        return
    assert same(None if np.isnan(counted) else float(counted), repeated)


@pytest.mark.parametrize("metric", variants())
@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_ignores_the_order_of_rows(metric: Metric[Any], case: Case, seed: int) -> None:
    output_NK, truth_N, _ = case
    order_N = np.random.default_rng(seed).permutation(len(truth_N))
    straight = score_or_none(metric, output_NK, truth_N)
    assert same(score_or_none(metric, output_NK[order_N], truth_N[order_N]), straight)


@pytest.mark.parametrize("metric", variants())
@given(case=cases())
@settings(max_examples=30)
def test_nothing_beats_perfect_answers(metric: Metric[Any], case: Case) -> None:
    output_NK, truth_N, _ = case
    width = output_NK.shape[1]
    perfect_NK = np.eye(width)[truth_N] * 40 if metric.takes is ClassAnswers else truth_N[:, None]
    best = score_or_none(metric, perfect_NK, truth_N)
    some = score_or_none(metric, output_NK, truth_N)
    if best is None or some is None:
        return
    assert best == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-12)
    assert some <= best + 1e-12 if metric.higher_is_better else some >= best - 1e-12


@pytest.mark.parametrize("metric", variants())
def test_says_what_it_is(metric: Metric[Any]) -> None:
    widths: Callable[[], list[int | None]] = (
        (lambda: [2, 5]) if metric.takes is ClassAnswers else (lambda: [None])
    )
    for width in widths():
        assert metric.about(width).endswith(".")
    assert metric.title
    assert type(metric).model_validate(metric.model_dump()) == metric


@pytest.mark.parametrize("metric", variants())
@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_draw_of_many_is_worth_what_each_of_its_resamples_is(metric, case, seed):
    output_NK, truth_N, count_N = case
    answers = answers_of(metric, output_NK, truth_N)
    try:
        prepared = metric.prepare(answers)
    except UndefinedMetricError:
        return
    more_N = np.random.default_rng(seed).permutation(count_N)
    many = Draw(np.stack([count_N, more_N]), noise=[(seed, 0), (seed, 1)])
    found_R = metric.values(prepared, many)
    each = [metric.value(prepared, one) for one in many.each()]
    np.testing.assert_allclose(found_R, np.array(each, np.float64), rtol=1e-9, atol=1e-12)
    assert found_R.shape == (2,)
