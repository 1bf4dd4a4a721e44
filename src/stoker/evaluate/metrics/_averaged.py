"""The three ways of putting classes together that precision, recall and F1 share.

A class that is neither true nor answered in any row is left out.  A class with an empty denominator
(never answered, for precision) counts as 0 in an average, as scikit-learn's `zero_division=0`: a
model that never gives an answer should not gain by it.  The per-class table says "undefined" there.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.tallies import ClassTally
from stoker.evaluate.metrics import Metric, mean_where, rows_of_class


class AveragedMetric(Metric[ClassAnswers]):
    """A share that exists for each class."""

    takes = ClassAnswers
    higher_is_better: ClassVar[bool] = True
    smoothed: ClassVar[bool] = True
    takes_many: ClassVar[bool] = True
    why_undefined: ClassVar[str] = (
        "the positive class is neither true nor answered in any of these rows"
    )

    average: Literal["auto", "positive", "macro", "micro"] = "auto"
    """`positive`: of the second of two classes; `macro`: mean over classes; `micro`: over all rows
    (with one label a row, equal to accuracy); `auto`: positive for two classes, else macro."""

    @staticmethod
    @abstractmethod
    def fraction(tally: ClassTally) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each class."""

    @classmethod
    def per_class(cls, tally: ClassTally) -> np.ndarray:
        """The value of each class, NaN where the denominator is empty."""
        top_K, bottom_K = cls.fraction(tally)
        return np.divide(top_K, bottom_K, out=np.full(top_K.shape, np.nan), where=bottom_K > 0)

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are; the draw's tally is shared by all metrics of this form."""
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> np.ndarray:
        """The averaged share."""
        tally = prepared.tally(draw)
        top_K, bottom_K = self.fraction(tally)
        match self._resolved(prepared.num_classes):
            case "positive":
                top, bottom = top_K[..., 1], bottom_K[..., 1]
                return np.divide(top, bottom, out=_empty(tally), where=bottom > 0)
            case "micro":
                return top_K.sum(axis=-1) / bottom_K.sum(axis=-1)
            case _:
                share_K = np.zeros(top_K.shape)
                np.divide(top_K, bottom_K, out=share_K, where=bottom_K > 0)
                return mean_where(share_K, tally.truth_K + tally.answered_K > 0)

    def class_rows(self, answers: ClassAnswers) -> float:
        """Rows of the positive class; of a mean over classes, what they are worth together."""
        match self._resolved(answers.num_classes):
            case "positive":
                return float((answers.truth_N == 1).sum())
            case "micro":
                return math.inf
            case _:
                return rows_of_class(np.bincount(answers.truth_N))

    def about(self, num_classes: int | None) -> str:
        """What it is and how classes were put together."""
        how = {
            "positive": "of the positive class",
            "macro": "mean over classes",
            "micro": "over all rows; equals accuracy when each row has one label",
        }[self._resolved(num_classes or 0)]
        return f"{super().about(num_classes).rstrip('.')}; {how}."

    def _resolved(self, num_classes: int) -> str:
        if self.average != "auto":
            return self.average
        return "positive" if num_classes == 2 else "macro"


def _empty(tally: ClassTally) -> np.ndarray:
    """0 as scikit-learn has it, unless the positive class is nowhere in sight: then undefined."""
    is_there = tally.truth_K[..., 1] + tally.answered_K[..., 1] > 0
    return np.asarray(np.where(is_there, 0.0, np.nan))
