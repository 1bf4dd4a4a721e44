"""The three ways of putting classes together that precision, recall and F1 share.

A class that is neither true nor answered in any row is left out.  A class with an empty denominator
(never answered, for precision) counts as 0 in an average, as scikit-learn's `zero_division=0`: a
model that never gives an answer should not gain by it.  The per-class table says "undefined" there.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from stoker.evaluate.answers import ClassAnswers, ClassTally, Draw
from stoker.evaluate.metrics import Metric


class AveragedMetric(Metric[ClassAnswers]):
    """A share that exists for each class."""

    kind = "classify"
    higher_is_better: ClassVar[bool] = True
    smoothed: ClassVar[bool] = True

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
        return np.divide(top_K, bottom_K, out=np.full(len(top_K), np.nan), where=bottom_K > 0)

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are; the draw's tally is shared by all metrics of this form."""
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> float:
        """The averaged share."""
        tally = prepared.tally(draw)
        top_K, bottom_K = self.fraction(tally)
        match self._resolved(prepared.num_classes):
            case "positive":
                return float(top_K[1] / bottom_K[1]) if bottom_K[1] else _empty(tally)
            case "micro":
                return float(top_K.sum() / bottom_K.sum())
            case _:
                seen_K = tally.truth_K + tally.answered_K > 0
                share_K = np.zeros(len(top_K))
                np.divide(top_K, bottom_K, out=share_K, where=bottom_K > 0)
                return float(share_K[seen_K].mean())

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


def _empty(tally: ClassTally) -> float:
    """0 as scikit-learn has it, unless the positive class is nowhere in sight: then undefined."""
    return 0.0 if tally.truth_K[1] + tally.answered_K[1] > 0 else float("nan")
