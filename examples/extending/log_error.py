"""The typical factor between answer and truth, as its logarithm."""

import numpy as np

from stoker.answers.ratios import RatioAnswers
from stoker.evaluate.metrics import Metric


class LogError(Metric[RatioAnswers]):
    """Root mean square of the logarithm of the ratio: 0.1 is about 10 % off."""

    takes = RatioAnswers
    title = "Error of the logarithm"
    higher_is_better = False
    takes_many = True

    def prepare(self, answers):
        """Of each row."""
        return answers.loss_N

    def value(self, prepared, draw):
        """Under a draw."""
        return np.sqrt(draw.mean(prepared))
