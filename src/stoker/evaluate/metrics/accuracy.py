"""Accuracy: the share of right answers.

Reads well only when classes are about equally frequent; see `balanced_accuracy` otherwise.
"""

from __future__ import annotations

import numpy as np

from stoker.evaluate.answers import ClassAnswers, Draw
from stoker.evaluate.metrics import Metric


class Accuracy(Metric[ClassAnswers]):
    """Share of rows answered with their true class."""

    kind = "classify"
    title = "Accuracy"
    place = 10
    higher_is_better = True

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        """1 for each right answer, 0 for each wrong one."""
        return answers.hit_N.astype(np.float64)

    def value(self, prepared: np.ndarray, draw: Draw) -> float:
        """A number in [0, 1]."""
        return draw.mean(prepared)
