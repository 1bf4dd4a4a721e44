"""Share of pairs of row and label that are wrong."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.evaluate.metrics import Metric, deciding_rows


class HammingLoss(Metric[LabelSetAnswers]):
    """Share of labels that are wrong, missed or too many, over all rows."""

    takes = LabelSetAnswers
    title = "Hamming loss"
    place = 50
    takes_many = True
    takes_skill = False  # where labels are rare, never answering one is hardly ever wrong
    higher_is_better = False

    def prepare(self, answers: LabelSetAnswers) -> np.ndarray:
        """The share of each row."""
        return answers.wrong_NK.mean(axis=1)

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: LabelSetAnswers) -> float:
        """Fewer where a few rows hold most of what is wrong."""
        return deciding_rows(self.prepare(answers))
