"""What metrics promise.

Examples say what answers are worth, reckoned by hand or by another library; the laws then hold for
any answers, and the house tries them on some that are drawn.

Cost: about ten values of the metric for each example.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.core.steps import make_step, step_spec
from stoker.evaluate.metrics import STAGE, Metric, UndefinedMetricError

_CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def assert_metric(metric: Metric[Any], examples: Sequence[tuple[Answers, float]]) -> None:
    """A metric is worth what the examples say, and keeps its laws on them.

    Args:
        metric: The metric, with its fields.
        examples: Answers, and what they are worth.

    Raises:
        AssertionError: If a promise is broken.
    """
    assert examples, "at least one example"
    assert metric.title, "a metric has a title"
    assert metric.about(2 if metric.takes is ClassAnswers else None).endswith("."), "a sentence"
    assert make_step(STAGE, step_spec(metric), Metric) == metric, "it survives being a recipe"
    for answers, worth in examples:
        assert isinstance(answers, metric.takes), f"it takes {metric.takes.__name__}"
        found = metric.score(answers)
        assert np.isclose(found, worth, **_CLOSE), f"is worth {found}, not {worth}"
        for seed in range(5):
            assert_metric_laws(metric, answers, seed=seed)
    if metric.takes is ClassAnswers:
        _assert_heeds_the_answer(metric)


def assert_metric_laws(metric: Metric[Any], answers: Answers, *, seed: int) -> None:
    """What holds for all answers: counts are repeats, no order matters, nothing beats the truth.

    Args:
        metric: The metric, with its fields.
        answers: Any answers of the kind that it takes.
        seed: Of the counts and the order.

    Raises:
        AssertionError: If a law is broken.
    """
    generator = np.random.default_rng(seed)
    size = answers.num_rows
    before = _copies(answers)
    straight = _score(metric, answers)
    order_N = generator.permutation(size)
    assert _same(_score(metric, answers.rows(order_N)), straight), "the order of rows matters"
    count_N = generator.integers(0, 4, size)
    count_N[generator.integers(size)] += 1
    repeated = _score(metric, answers.rows(np.arange(size).repeat(count_N)))
    counted = _value(metric, answers, Draw(count_N))
    assert _same(counted, repeated), f"counting rows gives {counted}, repeating them {repeated}"
    best = _score(metric, answers.at_best())
    if best is not None and straight is not None:
        ahead = straight - best if metric.higher_is_better else best - straight
        assert ahead <= 1e-12, f"perfect answers are worth {best}, these {straight}"
    _assert_many(metric, answers, np.stack([count_N, generator.permutation(count_N)]), seed)
    for name, stood in before.items():
        assert np.array_equal(vars(answers)[name], stood), f"it writes to `{name}` of the answers"


def _assert_heeds_the_answer(metric: Metric[Any], width: int = 3) -> None:
    """A metric that looks at answered classes alone looks at those that weights decide."""
    generator = np.random.default_rng(0)
    output_NK, truth_N = generator.normal(size=(60, width)), generator.integers(width, size=60)
    hard_NK = 5 * np.eye(width)[output_NK.argmax(axis=1)]
    soft = ClassAnswers(output_NK, truth_N)
    if not _same(_score(metric, soft), _score(metric, ClassAnswers(hard_NK, truth_N))):
        return  # it looks at probabilities
    weighted = ClassAnswers(output_NK, truth_N, weights=np.r_[5.0, np.ones(width - 1)].tolist())
    answered = ClassAnswers(5 * np.eye(width)[weighted.answer_N], truth_N)
    assert _same(_score(metric, weighted), _score(metric, answered)), "it ignores the weights"


def _assert_many(metric: Metric[Any], answers: Answers, count_RN: np.ndarray, seed: int) -> None:
    """A draw of several resamples is worth what each of them is."""
    many = Draw(count_RN, noise=[(seed, place) for place in range(len(count_RN))])
    try:
        prepared = metric.prepare(answers)
    except UndefinedMetricError:
        return
    found_R = metric.values(prepared, many)
    each = [metric.value(prepared, one) for one in many.each()]
    assert found_R.shape == (len(count_RN),), "a draw of many has a value for each resample"
    np.testing.assert_allclose(found_R, np.array(each, np.float64), **_CLOSE)


def _copies(answers: Answers) -> dict[str, np.ndarray]:
    return {n: one.copy() for n, one in vars(answers).items() if isinstance(one, np.ndarray)}


def _score(metric: Metric[Any], answers: Answers) -> float | None:
    return _value(metric, answers, Draw(np.ones(answers.num_rows, dtype=np.int64)))


def _value(metric: Metric[Any], answers: Answers, draw: Draw) -> float | None:
    """None where it is undefined."""
    try:
        found = float(metric.value(metric.prepare(answers), draw))
    except UndefinedMetricError:
        return None
    return None if np.isnan(found) else found


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return bool(np.isclose(first, second, **_CLOSE))
