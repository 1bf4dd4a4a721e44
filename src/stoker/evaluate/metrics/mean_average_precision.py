"""Mean average precision: how well each label's probability ranks the rows.

Of each label the precision at each threshold, weighted by the recall gained there, and the mean
over the labels that occur.

Cost: one sort a label, then O(K N) for each draw.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.answers.tallies import Ranking
from stoker.evaluate.metrics import Metric, UndefinedMetricError, rows_of_class


class MeanAveragePrecision(Metric[LabelSetAnswers]):
    """Mean over labels of the average precision over all thresholds."""

    takes = LabelSetAnswers
    title = "Mean average precision"
    place = 30
    higher_is_better = True

    def prepare(self, answers: LabelSetAnswers) -> Ranking:
        """Rows sorted for each label.

        Raises:
            UndefinedMetricError: If no row has a label.
        """
        if not answers.truth_NK.any():
            raise UndefinedMetricError("no row has a label")
        own = [np.flatnonzero(is_true_N) for is_true_N in answers.truth_NK.T]
        return Ranking(answers.output_NK, range(answers.num_classes), own)

    def value(self, prepared: Ranking, draw: Draw) -> float:
        """A number in [0, 1]; the share of a label's rows is chance."""
        tally = prepared.tally(draw)
        found_G = tally.own_above_G + tally.own_G
        rows_G = found_G + tally.other_above_G + tally.other_G
        gain_G = tally.own_G * (found_G / np.maximum(rows_G, 1))
        area_C = np.add.reduceat(gain_G, tally.first_C)
        there_C = tally.own_C > 0
        return float((area_C[there_C] / tally.own_C[there_C]).mean()) if there_C.any() else np.nan

    def class_rows(self, answers: LabelSetAnswers) -> float:
        """What the rows of all labels are worth together."""
        return rows_of_class(answers.truth_NK.sum(axis=0))

    def cost(self, answers: LabelSetAnswers) -> int:
        """Rows times labels."""
        return answers.num_rows * answers.num_classes
