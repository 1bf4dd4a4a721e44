"""Mean F1 of the labels, rare ones counting as much as common ones.

A label that is neither true nor answered in any row is left out.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.evaluate.metrics import Metric, mean_where, rows_of_class


class MacroF1(Metric[LabelSetAnswers]):
    """Mean over labels of the harmonic mean of precision and recall."""

    takes = LabelSetAnswers
    title = "F1 (macro)"
    place = 20
    takes_many = True
    higher_is_better = True
    why_undefined = "no label is true or answered in any of these rows"

    def prepare(self, answers: LabelSetAnswers) -> LabelSetAnswers:
        """The answers as they are; the draw's tally is shared."""
        return answers

    def value(self, prepared: LabelSetAnswers, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        tally = prepared.tally(draw)
        both_K = tally.truth_K + tally.answered_K
        share_K = 2 * tally.hit_K / np.maximum(both_K, 1)
        return mean_where(share_K, both_K > 0)

    def class_rows(self, answers: LabelSetAnswers) -> float:
        """What the rows of all labels are worth together."""
        rows_K = answers.truth_NK.sum(axis=0)
        return rows_of_class(rows_K) if rows_K.any() else 0.0

    def cost(self, answers: LabelSetAnswers) -> int:
        """Rows times labels."""
        return answers.num_rows * answers.num_classes
