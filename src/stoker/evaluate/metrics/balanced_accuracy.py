"""Balanced accuracy: recall averaged over the classes that occur.

Every class weighs the same, however rare, so answering always the commonest class scores 1 / K.

Source: Brodersen et al. 2010, "The balanced accuracy and its posterior distribution",
https://doi.org/10.1109/ICPR.2010.764
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric, mean_where, rows_of_class


class BalancedAccuracy(Metric[ClassAnswers]):
    """Mean over classes of the share of their rows answered right."""

    takes = ClassAnswers
    title = "Balanced accuracy"
    place = 20
    takes_many = True
    higher_is_better = True
    smoothed = True

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are."""
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> np.ndarray:
        """A number in [0, 1]; classes without rows in the draw are left out."""
        tally = prepared.tally(draw)
        share_K = tally.hit_K / np.maximum(tally.truth_K, 1e-300)
        return mean_where(share_K, tally.truth_K > 0)

    def class_rows(self, answers: ClassAnswers) -> float:
        """Rows of the rarer class; of more classes, what they are worth together."""
        return rows_of_class(np.bincount(answers.truth_N))
