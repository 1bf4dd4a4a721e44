"""Mean reciprocal rank: one through the place at which the first row that belongs is found.

Asked as for `recall_at_1`; all places count, the first most.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.vectors import VectorAnswers
from stoker.evaluate.metrics import Metric
from stoker.evaluate.metrics._asked import AskedRows, mean_of_asked


class Mrr(Metric[VectorAnswers]):
    """Mean of one through the place at which the first row that belongs is found."""

    takes = VectorAnswers
    title = "Mean reciprocal rank"
    place = 30
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: VectorAnswers) -> AskedRows:
        """The reciprocal rank of each row."""
        return AskedRows.of(answers, answers.reciprocal_N)

    def value(self, prepared: AskedRows, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        return mean_of_asked(prepared, draw)
