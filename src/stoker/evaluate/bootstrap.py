"""Bootstrap intervals: score again on resampled rows, and see how far the score moves.

A resample draws N of N rows with replacement, kept as how often each row counts.  All candidates
are scored on the same draws, so differences between them are paired, which is what makes a small
but real gain visible.

How an interval is made of draws stands in `stoker.evaluate.intervals`.  Counts of a class get
pseudo-rows, see `Draw.pseudo_3K`.
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
narrow; where the split keeps such groups together, whole groups are drawn instead, and a class has
as many rows as groups that hold it.  Dependence that no column names, such as rows of one day, is
not known here.

Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 8; groups:
Field & Welsh 2007, "Bootstrapping clustered data", https://doi.org/10.1111/j.1467-9868.2007.00593.x
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.core.errors import OwnCodeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name
from stoker.evaluate.alike import alike_K, few_words, one_of_each
from stoker.evaluate.intervals import Interval, corrected_interval, interval, normal_interval
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
CLASS_METRICS = (Precision, Recall, F1)


def draws(
    num_rows: int,
    resamples: int,
    seed: int,
    group_N: np.ndarray | None = None,
    weight_K: np.ndarray | None = None,
) -> Iterator[Draw]:
    """Resamples of rows or of whole groups, the same ones for the same arguments, many in a draw.

    Args:
        num_rows: Rows to draw from.
        resamples: How many draws.
        seed: Source of randomness.
        group_N: Group of each row, numbers from 0 without a gap; None: each row by itself.
        weight_K: What a pseudo-row of each class counts; None: as many rows as a group has.

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
            weight=num_rows / size if weight_K is None else weight_K,
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


class Candidate:
    """One candidate's answers, prepared for all metrics, and its scores under draws."""

    def __init__(
        self,
        answers: Answers,
        metrics: Mapping[str, Metric[Any]],
        resamples: int,
        group_N: np.ndarray | None = None,
        place: int = 0,
    ) -> None:
        """Prepare every metric; those that are undefined keep the reason instead."""
        self._place = place
        self.answers = answers
        self._own, self._group_N = one_of_each(answers, group_N), group_N
        self._counted, self._kinds = _together(answers)
        self.num_groups = None if group_N is None else int(group_N.max(initial=-1)) + 1
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
        return {name: self.interval_of(name, values[name], whole) for name in self._prepared}

    def interval_of(self, name: str, value: float, whole: Draw) -> Interval | None:
        """The 95 % interval of a defined metric, whose score is `value`."""
        metric, _ = self._prepared[name]
        value_R = self.samples[name]
        if not len(value_R) or math.isnan(value):
            return None
        if self.rests_on_few(name) and not metric.smoothed:
            return self._reckoned(name, whole)
        if self.is_normal(name):
            return self._reckoned(name, whole) or normal_interval(value, value_R)
        if metric.smoothed:
            return interval(value_R)
        skew = 0.0 if self.num_groups else metric.acceleration(self.answers)
        found = self._reckoned(name, whole)
        return found or corrected_interval(value, value_R, self.deciding_rows(name), skew)

    def _reckoned(self, name: str, whole: Draw) -> Interval | None:
        """The interval by a metric's own reckoning, where it knows what groups do to it."""
        metric, prepared = self._prepared[name]
        whole, own_rows = self._by_kind(whole), self._class_rows(name)
        if self.num_groups and not 0 < own_rows < math.inf:
            return None
        alike = metric.class_rows(self.answers) / own_rows if self.num_groups else 1.0
        return metric.own_interval(prepared, Draw(whole.count_N, weight=alike))

    @property
    def alike_K(self) -> np.ndarray | None:
        """Rows of each class in a group that has some; None without groups or classes."""
        if self._group_N is None or not isinstance(self.answers, ClassAnswers):
            return None
        return alike_K(self.answers, self._group_N)

    def deciding_rows(self, name: str) -> float:
        """About how many rows, or groups, decide a score."""
        metric, _ = self._prepared[name]
        return min(metric.deciding_rows(self._own), self.num_groups or math.inf)

    def fewest(self, name: str) -> float:
        """Of those, or of the rows of the class that a score rests on, the fewer."""
        return min(self.deciding_rows(name), self._class_rows(name))

    def rests_on_few(self, name: str) -> bool:
        """Whether so few rows of a class decide a score that resamples say nothing of others."""
        return self._class_rows(name) < FEWEST_OF_CLASS

    def few_rows(self, name: str) -> str | None:
        """Those rows in words, such as `1 row of 'fraud'`; None where there are enough."""
        answers, own = self.answers, self._own
        if not isinstance(answers, ClassAnswers) or not isinstance(own, ClassAnswers):
            return None
        return few_words(answers, own, self._class_rows(name)) if self.rests_on_few(name) else None

    def _class_rows(self, name: str) -> float:
        if name not in self._prepared:
            return math.inf
        return self._prepared[name][0].class_rows(self._own)

    def is_normal(self, name: str) -> bool:
        """Whether a score has so many rows that its draws are normal."""
        if (self.num_groups or self.answers.num_rows) < MANY_ROWS or name not in self._prepared:
            return False
        return min(self.deciding_rows(name), self._fewest_of_a_kind) >= _MANY_DECIDING

    @cached_property
    def _fewest_of_a_kind(self) -> float:
        """Rows of the rarest class that is true or answered anywhere, or those answered wrong."""
        if not isinstance(self.answers, ClassAnswers):
            return math.inf
        own = self._own if isinstance(self._own, ClassAnswers) else self.answers
        found = (np.bincount(codes_N) for codes_N in (own.truth_N, self.answers.answer_N))
        rarest = min(int(rows_K[rows_K > 0].min()) for rows_K in found)
        return min(rarest, int((~self.answers.hit_N).sum()))

    def take(self, place: int, draw: Draw) -> None:
        """Keep the scores of a draw of many resamples, of which the first is numbered `place`.

        Rows are drawn for all candidates alike.  Pseudo-rows are each candidate's own, as two that
        found none of six rows need not be alike on the next one (half a row in each cell of the
        table of two answers: Agresti & Min 2005, https://doi.org/10.1002/sim.1781).
        """
        draw = self._by_kind(draw)
        for name, (metric, prepared) in self._prepared.items():
            kept = self.samples[name][place : place + len(draw.count_N)]
            if len(kept):
                kept[:] = _numbers(metric, metric.values(prepared, draw), draw)[: len(kept)]
        kept = self.class_samples[place : place + len(draw.count_N)]
        if isinstance(self._counted, ClassAnswers) and len(kept):
            kept[:] = np.moveaxis(class_values(self._counted, draw), 0, 1)[: len(kept)]

    def _by_kind(self, draw: Draw) -> Draw:
        """The draw as counts of `_counted` answers, with pseudo-rows of this candidate."""
        count_N = draw.count_N
        if self._kinds is not None:
            order_N, start_K = self._kinds
            count_N = np.add.reduceat(count_N.take(order_N, axis=-1), start_K, axis=-1)
        noise = None if draw.noise is None else [(*one, self._place) for one in draw.noise]
        return Draw(count_N, noise=noise, weight=draw.weight)

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
