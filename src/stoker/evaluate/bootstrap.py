"""Bootstrap intervals: score again on resampled rows, and see how far the score moves.

A resample draws N of N rows with replacement, kept as how often each row counts.  All candidates
are scored on the same draws, so differences between them are paired, which is what makes a small
but real gain visible.  A difference gets the percentile interval (2.5 % to 97.5 % of draws).

The percentile interval of a score itself is too narrow on few rows, more so where few of them
decide (a rare class, some large errors), and lies off where drawing a row twice flatters the
metric.  So its ends are moved: outwards as Student's t lies outside the normal distribution, by
the number of rows that decide, and sideways by how many draws lie below the score and
by skewness (the bias-corrected, accelerated interval).  Counts of a class get pseudo-rows instead,
see `Draw.pseudo_3K`.
`benchmarks/bench_intervals.py` measures how often all this holds.

From 20,000 rows on a fifth of the resamples is drawn, and a score of which 1,000 rows or more
decide gets the interval of a normal distribution with their deviation: the ends of 200 such draws
scatter as little as the percentiles of 1,000.

Cost: for all ten classification metrics 0.1 s on few rows, 0.6 s on 10,000 of ten classes, 1.2 s
on 45,000 of two, 4 s on 150,000.  A metric that would have to touch more than 2e8 numbers
gets fewer resamples, never below 100, and says how many.

One row of a class, drawn again, is always itself: resamples of fewer than 6 say nothing of the rows
of the class that were not seen.  An area gets a wide interval then, or none, and no verdict
beside another candidate rests on it.

Rows of one writer, patient or shop are alike, and drawing them one by one makes intervals too
narrow; where the split keeps such groups together, whole groups are drawn instead.  Dependence that
no column names, such as rows of one day, is not known here.

Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapters 8, 13 and 14; t:
Hesterberg 2015, "What Teachers Should Know About the Bootstrap",
https://doi.org/10.1080/00031305.2015.1089789; groups:
Field & Welsh 2007, "Bootstrapping clustered data", https://doi.org/10.1111/j.1467-9868.2007.00593.x
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.core.errors import OwnCodeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name
from stoker.evaluate.metrics import FEWEST_OF_CLASS, Metric, UndefinedMetricError
from stoker.evaluate.metrics.f1 import F1
from stoker.evaluate.metrics.precision import Precision
from stoker.evaluate.metrics.recall import Recall

LEAST_RESAMPLES = 100
_MOST_AT_ONCE, _CELLS_AT_ONCE = 100, 200_000
"""Resamples, and counts of rows, that are looked at together."""
MOST_TOUCHED = 2e8
MANY_ROWS, _MANY_DECIDING = 20_000, 1_000
"""Rows, or groups, from which fewer draws are enough, and how many must decide a score for its
draws to count as normal."""
_OF_MANY = 5
"""Part of the draws that are drawn of many rows."""
_TAILS = (0.025, 0.975)
_NORMAL = NormalDist()
_FEWEST_DECIDING = 5
CLASS_METRICS = (Precision, Recall, F1)


def draws(
    num_rows: int, resamples: int, seed: int, group_N: np.ndarray | None = None
) -> Iterator[Draw]:
    """Resamples of rows or of whole groups, the same ones for the same arguments, many in a draw.

    Args:
        num_rows: Rows to draw from.
        resamples: How many draws.
        seed: Source of randomness.
        group_N: Group of each row, numbers from 0 without a gap; None: each row by itself.

    >>> [draw.total.tolist() for draw in draws(5, 2, seed=0)]
    [[5, 5]]
    >>> [draw.count_N.tolist() for draw in draws(3, 2, seed=0, group_N=np.array([0, 1, 0]))]
    [[[2, 0, 2], [2, 0, 2]]]
    """
    generator = np.random.default_rng(derive_seed(seed, "bootstrap"))
    size = num_rows if group_N is None else int(group_N.max()) + 1
    at_once = max(1, min(_MOST_AT_ONCE, _CELLS_AT_ONCE // max(num_rows, 1)))
    for begin in range(0, resamples, at_once):
        places = range(begin, min(begin + at_once, resamples))
        count_RG = np.stack(
            [np.bincount(generator.integers(0, size, size), minlength=size) for _ in places]
        )
        yield Draw(
            count_RG if group_N is None else count_RG[:, group_N],
            noise=[(seed, place) for place in places],
            weight=num_rows / size,
        )


def enough_draws(num_drawn: int, resamples: int) -> int:
    """How many of the resamples that were asked for are drawn.

    Args:
        num_drawn: Rows or groups to draw from.
        resamples: What was asked for.

    >>> enough_draws(500, 1000), enough_draws(150_000, 1000), enough_draws(150_000, 0)
    (1000, 200, 0)
    """
    if num_drawn < MANY_ROWS:
        return resamples
    return min(resamples, max(LEAST_RESAMPLES, resamples // _OF_MANY))


def normal_interval(value: float, value_R: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of a value whose draws are normal, None as `interval` has it.

    >>> low, high = normal_interval(5.0, np.array([4.0, 6.0]))
    >>> round(low, 2), round(high, 2)
    (3.04, 6.96)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    half = _NORMAL.inv_cdf(_TAILS[1]) * float(defined.std())
    return value - half, value + half


def interval(value_R: np.ndarray) -> tuple[float, float] | None:
    """The 95 % percentile interval, or None if the metric is undefined in half of the draws.

    >>> interval(np.arange(1001.0))
    (25.0, 975.0)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    low, high = np.quantile(defined, _TAILS)
    return float(low), float(high)


def corrected_interval(
    value: float, value_R: np.ndarray, deciding_rows: float, acceleration: float = 0.0
) -> tuple[float, float] | None:
    """The 95 % interval with its ends moved outwards for few rows and sideways for bias.

    Args:
        value: The score itself.
        value_R: The score of each draw.
        deciding_rows: About how many rows decide it.
        acceleration: How fast its error grows with the value.

    >>> low, high = corrected_interval(500.0, np.arange(1001.0), 1e9)
    >>> round(low), round(high)
    (25, 975)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    is_tie = np.isclose(defined, value, rtol=1e-10, atol=0.0)
    if is_tie.all():
        return value, value
    below = float(((defined < value) & ~is_tie).mean() + is_tie.mean() / 2)
    edge = 0.5 / len(defined)
    shift = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    reach = _students_t(max(deciding_rows, _FEWEST_DECIDING) - 1)
    tails = [_NORMAL.cdf(_moved(shift, point, acceleration)) for point in (-reach, reach)]
    low, high = np.quantile(defined, tails)
    return float(low), float(high)


def _moved(shift: float, point: float, acceleration: float) -> float:
    """Where the end of an interval goes (Efron 1987, https://doi.org/10.2307/2289144)."""
    stretch = 1 - acceleration * (shift + point)
    return shift + (shift + point) / max(stretch, 0.2)


def _students_t(freedom: float) -> float:
    """The point that Student's t exceeds in 2.5 % of cases, for 4 degrees of freedom or more.

    >>> [round(_students_t(n), 2) for n in (4, 10, 1000)]
    [2.77, 2.23, 1.96]
    """
    z = _NORMAL.inv_cdf(_TAILS[1])
    terms = (
        (z**3 + z) / (4 * freedom),
        (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2),
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3),
    )
    return z + sum(terms)


Interval = tuple[float, float]


class Candidate:
    """One candidate's answers, prepared for all metrics, and its scores under draws."""

    def __init__(
        self,
        answers: Answers,
        metrics: Mapping[str, Metric[Any]],
        resamples: int,
        num_groups: int | None = None,
    ) -> None:
        """Prepare every metric; those that are undefined keep the reason instead."""
        self.answers = answers
        self._counted, self._kinds = _together(answers)
        self.num_groups = num_groups
        """Groups that draws are made of; None: rows."""
        self.undefined: dict[str, str] = {}
        self._prepared: dict[str, tuple[Metric[Any], Any]] = {}
        self.samples: dict[str, np.ndarray] = {}
        for name, metric in metrics.items():
            try:
                self._prepared[name] = (metric, metric.prepare(self._counted))
            except UndefinedMetricError as error:
                self.undefined[name] = error.what
                continue
            self.samples[name] = np.empty(_affordable(metric.cost(answers), resamples))
        self.class_samples = self._room_for_classes(resamples)

    def values(self, draw: Draw) -> dict[str, float]:
        """Every defined metric under one draw; NaN where the draw leaves it undefined."""
        draw = self._by_kind(draw)
        prepared = self._prepared.items()
        return {
            name: _number(metric, metric.value(made, draw)) for name, (metric, made) in prepared
        }

    def intervals(self, values: Mapping[str, float], whole: Draw) -> dict[str, Interval | None]:
        """The 95 % interval of each defined metric.

        Args:
            values: The scores themselves.
            whole: The draw that counts each row once.
        """
        found: dict[str, Interval | None] = {}
        whole = self._by_kind(whole)
        for name, (metric, prepared) in self._prepared.items():
            value_R = self.samples[name]
            if not len(value_R) or math.isnan(values[name]):
                found[name] = None
            elif self.rests_on_few(name) and not metric.smoothed:
                found[name] = metric.own_interval(prepared, whole)
            elif self.is_normal(name):
                own = None if self.num_groups else metric.own_interval(prepared, whole)
                found[name] = own or normal_interval(values[name], value_R)
            elif metric.smoothed:
                found[name] = interval(value_R)
            else:
                rows = min(metric.deciding_rows(self.answers), self.num_groups or math.inf)
                own = None if self.num_groups else metric.own_interval(prepared, whole)
                skew = 0.0 if self.num_groups else metric.acceleration(self.answers)
                found[name] = own or corrected_interval(values[name], value_R, rows, skew)
        return found

    def rests_on_few(self, name: str) -> bool:
        """Whether so few rows of a class decide a score that resamples say nothing of others."""
        return self._class_rows(name) < FEWEST_OF_CLASS

    def few_rows(self, name: str) -> str | None:
        """Those rows in words, such as `1 row of 'fraud'`; None where there are enough."""
        if not isinstance(self.answers, ClassAnswers) or not self.rests_on_few(name):
            return None
        answers = self.answers
        rows_K = np.bincount(answers.truth_N, minlength=answers.num_classes)
        own_K = np.flatnonzero(rows_K == self._class_rows(name))
        rarest = own_K[-1] if len(own_K) else np.where(rows_K > 0, rows_K, np.inf).argmin()
        rows = int(rows_K[rarest])
        return f"{rows} row{'' if rows == 1 else 's'} of {answers.names[rarest]!r}"

    def _class_rows(self, name: str) -> float:
        if name not in self._prepared:
            return math.inf
        return self._prepared[name][0].class_rows(self.answers)

    def is_normal(self, name: str) -> bool:
        """Whether a score has so many rows that its draws are normal."""
        if (self.num_groups or self.answers.num_rows) < MANY_ROWS or name not in self._prepared:
            return False
        metric, _ = self._prepared[name]
        rows = min(metric.deciding_rows(self.answers), self._fewest_of_a_kind)
        return min(rows, self.num_groups or math.inf) >= _MANY_DECIDING

    @cached_property
    def _fewest_of_a_kind(self) -> float:
        """Rows of the rarest class that is true or answered anywhere, or those answered wrong."""
        if not isinstance(self.answers, ClassAnswers):
            return math.inf
        found = (np.bincount(codes_N) for codes_N in (self.answers.truth_N, self.answers.answer_N))
        rarest = min(int(rows_K[rows_K > 0].min()) for rows_K in found)
        return min(rarest, int((~self.answers.hit_N).sum()))

    def take(self, place: int, draw: Draw) -> None:
        """Keep the scores of a draw of many resamples, of which the first is numbered `place`."""
        draw = self._by_kind(draw)
        for name, (metric, prepared) in self._prepared.items():
            kept = self.samples[name][place : place + len(draw.count_N)]
            if len(kept):
                kept[:] = _numbers(metric, metric.values(prepared, draw), draw)[: len(kept)]
        kept = self.class_samples[place : place + len(draw.count_N)]
        if isinstance(self._counted, ClassAnswers) and len(kept):
            kept[:] = np.moveaxis(class_values(self._counted, draw), 0, 1)[: len(kept)]

    def _by_kind(self, draw: Draw) -> Draw:
        """The draw as counts of `_counted` answers."""
        if self._kinds is None:
            return draw
        order_N, start_K = self._kinds
        count_K = np.add.reduceat(draw.count_N.take(order_N, axis=-1), start_K, axis=-1)
        return Draw(count_K, weight=draw.weight, like=draw)

    def _room_for_classes(self, resamples: int) -> np.ndarray:
        if not isinstance(self.answers, ClassAnswers):
            return np.empty((0, 0, 0))
        num_classes = self.answers.num_classes
        affordable = _affordable(self.answers.num_rows + 100 * num_classes, resamples)
        return np.empty((affordable, len(CLASS_METRICS), num_classes))


def _number(metric: Metric[Any], value: Any) -> float:
    """The value of one draw; an own metric may have given anything."""
    found = np.asarray(value)
    if found.shape != () or found.dtype.kind not in "fiub":
        raise OwnCodeError(
            f"value of your step {step_name(metric)} gave {value!r:.80} for one draw",
            expected="a number; NaN where it is undefined",
        )
    return float(found)


def _numbers(metric: Metric[Any], value: Any, draw: Draw) -> np.ndarray:
    """The values of a draw of many resamples."""
    found = np.asarray(value)
    if found.shape != draw.count_N.shape[:1] or found.dtype.kind not in "fiub":
        raise OwnCodeError(
            f"value of your step {step_name(metric)} gave {found.dtype} of shape {found.shape} for "
            f"a draw of {len(draw.count_N)} resamples",
            expected=f"a number for each: {len(draw.count_N)}",
            fix="leave takes_many away, and value is asked for one resample at a time",
        )
    return found


def _together(
    answers: Answers,
) -> tuple[Answers, tuple[np.ndarray, np.ndarray] | None]:
    """One row of each class where every answer is the same, as the constant one is.

    A row that counts twice is as good as two equal rows, so metrics need to look at no more.

    Returns:
        The answers to look at; and the rows in the order of their classes with the place where each
        class begins, or None where the answers are all of them as they stand.
    """
    if not isinstance(answers, ClassAnswers) or np.ptp(answers.log_probability_NK, axis=0).any():
        return answers, None
    order_N = np.argsort(answers.truth_N, kind="stable")
    _, start_K = np.unique(answers.truth_N[order_N], return_index=True)
    first_K = order_N[start_K]
    rows = ClassAnswers(
        answers.log_probability_NK[first_K], answers.truth_N[first_K], answers.weights
    )
    return rows, (order_N, start_K)


def class_values(answers: ClassAnswers, draw: Draw) -> np.ndarray:
    """Precision, recall and F1 of each class, (3, K) or (3, R, K), NaN where undefined."""
    tally = answers.class_tally(draw)
    return np.stack([metric.per_class(tally) for metric in CLASS_METRICS])


def _affordable(cost: int, resamples: int) -> int:
    return min(resamples, max(LEAST_RESAMPLES, math.floor(MOST_TOUCHED / max(cost, 1))))
