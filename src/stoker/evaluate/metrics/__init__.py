"""Metrics: each says with one number how good answers are; one file each.

A metric is prepared once for a set of answers and then asked for its value under many draws (row
counts), which is what makes 1,000 bootstrap resamples of 100,000 rows a matter of seconds.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from stoker.answers import Answers
from stoker.answers.draw import Draw
from stoker.core.errors import DataError
from stoker.core.steps import Step

STAGE = "stoker.evaluate.metrics"
FEWEST_OF_CLASS = 6
"""Rows of a class below which nothing that rests on them is called better or worse: even if all of
them said so, a two-sided sign test would not reach 5 % (5 pairs: 2 / 2**5 = 6.25 %)."""

AnswersT = TypeVar("AnswersT", bound=Answers)


def deciding_rows(value_N: np.ndarray) -> float:
    """Of how many equally important rows the mean of these values would be as sure.

    The variance of a mean is known as well as the fourth moment lets it: 2 N / (kurtosis - 1) is
    the number of its degrees of freedom (Satterthwaite 1946, https://doi.org/10.2307/3002019).

    >>> deciding_rows(np.r_[np.zeros(990), np.ones(10)]) < 25
    True
    >>> deciding_rows(np.ones(50))
    50.0
    """
    size = len(value_N)
    square_N = np.square(value_N - value_N.mean())
    spread = square_N.mean()
    if size < 2 or spread == 0:
        return float(size)
    kurtosis = np.square(square_N / spread).mean()
    return float(min(size, 2 * size / max(kurtosis - 1, 1e-9)))


def rows_of_class(rows_K: np.ndarray) -> float:
    """Of how many rows of one class a mean over classes would be as sure; of two, the rarer's rows.

    Each class adds the mean of its rows, whose variance is known the better the more there are
    (Welch 1947, https://doi.org/10.2307/2332510).

    >>> rows_of_class(np.array([499, 1])), rows_of_class(np.array([0, 9]))
    (1.0, 9.0)
    >>> rows_of_class(np.repeat(4, 50)), round(rows_of_class(np.array([1, 250, 250])))
    (200.0, 1)
    """
    rows_K = rows_K[rows_K > 0].astype(np.float64)
    if len(rows_K) <= 2:
        return float(rows_K.min())
    return float((1 / rows_K).sum() ** 2 / (rows_K**-3).sum())


def mean_where(value_K: np.ndarray, where_K: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the values that count; NaN where none does.

    >>> mean_where(np.array([[1.0, 5.0], [2.0, 3.0]]), np.array([[True, False], [False, False]]))
    array([ 1., nan])
    """
    total, count = np.where(where_K, value_K, 0.0).sum(axis=-1), where_K.sum(axis=-1)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def acceleration(value_N: np.ndarray) -> float:
    """How fast the error of a mean of these values grows with the mean: a sixth of their skewness.

    >>> acceleration(np.r_[np.zeros(99), 9.0]) > 0 == acceleration(np.ones(9))
    True
    """
    around_N = value_N - value_N.mean()
    spread = float(np.square(around_N).sum()) ** 1.5
    return float((around_N**3).sum()) / (6 * spread) if spread > 0 else 0.0


class UndefinedMetricError(DataError):
    """The metric says nothing about these rows: one class only, a constant truth."""


class Metric(Step, ABC, Generic[AnswersT]):
    """One number that says how good answers are.

    Promise: the order of rows does not matter; a row that counts twice is as good as two equal
    rows, and one that counts zero times as good as absent; perfect answers get the best value.
    """

    takes: ClassVar[type[Answers]]
    """The kind of answers that it looks at; a task says which kind it gives."""
    title: ClassVar[str]
    """Its name for readers."""
    place: ClassVar[int] = 1000
    """Where it stands in tables: small numbers first."""
    higher_is_better: ClassVar[bool]
    """Which way is good."""
    takes_skill: ClassVar[bool] = True
    """Whether an answer that looks at no input cannot be good at it.  Always answering one class
    has all of its recall for nothing, and the shares of the classes are calibrated."""
    smoothed: ClassVar[bool] = False
    """Whether it is made of counts that a resample adds pseudo-rows to, see `Draw.pseudo_3K`."""
    takes_many: ClassVar[bool] = False
    """Whether `value` also takes a draw of many resamples and gives a value for each, (R,)."""
    why_undefined: ClassVar[str] = "it is no finite number on these rows"
    """What it means for readers that `value` is NaN."""
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Other settings that a report shows too: suffix of the name, and the fields."""

    @abstractmethod
    def prepare(self, answers: AnswersT) -> Any:
        """All that `value` needs and that does not depend on counts.

        Raises:
            UndefinedMetricError: If the metric says nothing about these rows; a made-up value (0.5
                for an area, say) would hide an empty class.
        """

    @abstractmethod
    def value(self, prepared: Any, draw: Draw) -> float | np.ndarray:
        """The metric under a draw; NaN if it is undefined there (a draw may miss a class)."""

    def values(self, prepared: Any, draw: Draw) -> np.ndarray:
        """The metric under each resample of a draw of many, (R,)."""
        if self.takes_many:
            return np.asarray(self.value(prepared, draw))
        return np.array([self.value(prepared, one) for one in draw.each()])

    def about(self, num_classes: int | None) -> str:
        """One line for a reader: what it is, for this number of classes (None for numbers)."""
        return (type(self).__doc__ or "").partition("\n")[0]

    def own_interval(self, prepared: Any, draw: Draw) -> tuple[float, float] | None:
        """The 95 % interval by the metric's own reckoning; None: the bootstrap's."""
        return None

    def deciding_rows(self, answers: AnswersT) -> float:
        """About how many rows decide the value: fewer than there are where some weigh more."""
        return answers.num_rows

    def class_rows(self, answers: AnswersT) -> float:
        """About how many rows of a rare class it rests on; infinite where no class weighs more."""
        return math.inf

    def luck(self, answers: AnswersT) -> float:
        """What such scores get by chance alone, on average, above those that are all equal."""
        return 0.0

    def acceleration(self, answers: AnswersT) -> float:
        """How fast its error grows with the value, as that of a mean of skewed values does."""
        return 0.0

    def cost(self, answers: AnswersT) -> int:
        """About how many numbers one draw has to touch."""
        return answers.num_rows

    def score(self, answers: AnswersT) -> float:
        """The value with every row counted once.

        Raises:
            UndefinedMetricError: See `prepare`.
        """
        prepared = self.prepare(answers)
        return float(self.value(prepared, Draw(np.ones(answers.num_rows, dtype=np.int64))))
