"""Recall at 1: how often a row that belongs to the query is the nearest one.

Asked are the rows of the part that is scored, each against all others of it; rows to which none
belongs are asked nothing.  Fewer rows to look among make it easier, so scores of parts of different
size do not compare.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.vectors import VectorAnswers
from stoker.evaluate.metrics import Metric
from stoker.evaluate.metrics._asked import AskedRows, mean_of_asked


class RecallAt1(Metric[VectorAnswers]):
    """Share of rows that find one of their own as the nearest."""

    takes = VectorAnswers
    title = "Recall at 1"
    place = 10
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: VectorAnswers) -> AskedRows:
        """Whether each row found one of its own."""
        return AskedRows.of(answers, answers.within_N(1))

    def value(self, prepared: AskedRows, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        return mean_of_asked(prepared, draw)
