"""How many answers are near enough to be of use."""

import numpy as np

from stoker.answers.numbers import NumberAnswers
from stoker.evaluate.metrics import Metric


class Within(Metric[NumberAnswers]):
    """Share of rows whose answer is off by no more than a share of the truth."""

    takes = NumberAnswers
    title = "Near enough"
    higher_is_better = True
    takes_many = True
    tolerance: float = 0.1
    """That share."""

    def prepare(self, answers):
        """1 for each row that is near enough."""
        near_N = np.abs(answers.error_N) <= self.tolerance * np.abs(answers.truth_N)
        return near_N.astype(np.float64)

    def value(self, prepared, draw):
        """Their mean under a draw."""
        return draw.mean(prepared)
