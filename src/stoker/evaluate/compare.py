"""Paired comparisons: every candidate next to one of them, on the same draws.

The interval of a difference is that of its draws, wider where few rows decide.  Where the reference
is sure (an answer that ranks nothing has an area of 0.5 in every draw) it is that of the score, so
that a verdict never says other than the interval beside it.  Where chance alone gives one side
more than the other, an end is moved by as much, so that nothing is called better for that.

Nothing is called better or worse below 6 rows, groups, or rows of the class that decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stoker.answers.draw import Draw
from stoker.evaluate.bootstrap import Candidate
from stoker.evaluate.evaluation import CONSTANT, Comparison, Difference
from stoker.evaluate.intervals import Interval, normal_interval, wider_interval
from stoker.evaluate.metrics import Metric

FEWEST_TO_COMPARE = 6
"""Rows, or groups, below which nothing is called better or worse: even if all of them said so, a
two-sided sign test would not reach 5 % (5 pairs: 2 / 2**5 = 6.25 %)."""


def compare_all(
    candidates: Mapping[str, Candidate],
    reference: str,
    metrics: Mapping[str, Metric[Any]],
    whole: Draw,
) -> dict[str, Comparison]:
    """Each real candidate but the reference itself, next to the reference.

    Args:
        candidates: By name, with the scores of all draws.
        reference: The name of one of them.
        metrics: By name.
        whole: The draw that counts each row once.
    """
    return {
        name: _compare(candidate, candidates[reference], reference, metrics, whole)
        for name, candidate in candidates.items()
        if name not in (reference, CONSTANT)
    }


def _compare(
    candidate: Candidate,
    other: Candidate,
    reference: str,
    metrics: Mapping[str, Metric[Any]],
    whole: Draw,
) -> Comparison:
    ours, theirs = candidate.values(whole), other.values(whole)
    is_enough = (candidate.num_groups or candidate.answers.num_rows) >= FEWEST_TO_COMPARE
    found: dict[str, Difference] = {}
    for name, metric in metrics.items():
        value = ours.get(name, float("nan"))
        gap = value - theirs.get(name, float("nan"))
        if np.isnan(gap):
            found[name] = Difference(value=None)
            continue
        between = (
            _beside_sure(candidate.interval_of(name, value, whole), value - gap)
            if _is_sure(other.samples[name])
            else _between(candidate, other, name, gap)
        )
        luck = metric.luck(candidate.answers) - metric.luck(other.answers)
        difference = _difference(gap, between, luck, higher_is_better=metric.higher_is_better)
        found[name] = (
            difference
            if is_enough and not candidate.rests_on_few(name)
            else difference.model_copy(update={"verdict": "unclear"})
        )
    return Comparison(reference=reference, metrics=found)


def _is_sure(sample_R: np.ndarray) -> bool:
    """Whether no draw moves a score; one that misses a class leaves it undefined.

    >>> [_is_sure(np.array(draws)) for draws in ([0.5, np.nan, 0.5], [0.5, 0.6], [])]
    [True, False, False]
    """
    defined = sample_R[~np.isnan(sample_R)]
    return len(defined) > 0 and bool(np.ptp(defined) == 0)


def _beside_sure(between: Interval | None, reference: float) -> Interval | None:
    return None if between is None else (between[0] - reference, between[1] - reference)


def _between(candidate: Candidate, other: Candidate, name: str, gap: float) -> Interval | None:
    gap_R = candidate.samples[name] - other.samples[name]
    if candidate.is_normal(name) and other.is_normal(name):
        return normal_interval(gap, gap_R)
    return wider_interval(gap, gap_R, min(one.fewest(name) for one in (candidate, other)))


def _difference(
    gap: float, between: Interval | None, luck: float, *, higher_is_better: bool
) -> Difference:
    if between is None:
        return Difference(value=gap)
    # Pseudo-rows may move both ends off scores that are equal, such as two of 0.
    low = min(between[0] - max(luck, 0.0), gap)
    high = max(between[1] - min(luck, 0.0), gap)
    if low <= 0 <= high:
        return Difference(value=gap, low=low, high=high)
    better = (low > 0) == higher_is_better
    return Difference(value=gap, low=low, high=high, verdict="better" if better else "worse")
