"""Share of rows with exactly the right labels."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.evaluate.metrics import Metric


class SubsetAccuracy(Metric[LabelSetAnswers]):
    """Share of rows whose labels are all right, none missed and none too many."""

    takes = LabelSetAnswers
    title = "Subset accuracy"
    place = 40
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: LabelSetAnswers) -> np.ndarray:
        """1 for each row that is right."""
        return answers.score_N

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        return draw.mean(prepared)
