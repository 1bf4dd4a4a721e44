"""Area under the ROC curve.

The chance that a random row of a class gets a higher probability for it than a random row of
another class, a tie counting half.  With two classes it is the area of the second one; with more,
the mean of each class against the rest, over the classes that occur.

Cost: one sort of each ranked class, then O(K N) for each draw.

Source: Hanley & McNeil 1982, "The meaning and use of the area under a receiver operating
characteristic (ROC) curve", https://doi.org/10.1148/radiology.143.1.7063747
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric, UndefinedMetricError, deciding_rows, mean_where


class RocAuc(Metric[ClassAnswers]):
    """Chance that a row of the class scores above one of another class."""

    takes = ClassAnswers
    title = "ROC AUC"
    place = 60
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are.

        Raises:
            UndefinedMetricError: If only one class occurs, as there is nothing to rank against.
        """
        if len(np.unique(answers.truth_N)) < 2:
            raise UndefinedMetricError("only one class occurs in these rows")
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> np.ndarray:
        """A number in [0, 1]; 0.5 is chance."""
        tally = prepared.rank_tally(draw)
        pairs_C = tally.own_C * (tally.total[..., None] - tally.own_C)
        # A row of the class loses to every other above it and halves with those beside it.
        lost_G = tally.own_G * (tally.other_above_G + tally.other_G / 2)
        lost_C = np.add.reduceat(lost_G, tally.first_C, axis=-1)
        return mean_where(1 - lost_C / np.maximum(pairs_C, 1), pairs_C > 0)

    def about(self, num_classes: int | None) -> str:
        """What it is, and for which classes."""
        how = "the positive class" if num_classes == 2 else "each class against the rest, averaged"
        return f"{super().about(num_classes).rstrip('.')}; {how}."

    def deciding_rows(self, answers: ClassAnswers) -> float:
        """Fewer where a class is rare, as each of its rows weighs the more."""
        return deciding_rows(1 / np.bincount(answers.truth_N)[answers.truth_N])

    def cost(self, answers: ClassAnswers) -> int:
        """Rows times ranked classes."""
        return answers.num_rows * len(answers.ranked_classes)
