"""Log loss of labels: mean of minus the logarithm of the probability of what is true of each."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class LabelLogLoss(Metric[LabelSetAnswers]):
    """Mean over rows and labels of minus the logarithm of the probability of what is true."""

    takes = LabelSetAnswers
    title = "Log loss"
    place = 80
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: LabelSetAnswers) -> np.ndarray:
        """The loss of each row, in nats."""
        return answers.loss_N

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0; ln 2 is an even guess."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: LabelSetAnswers) -> float:
        """Fewer where a few rows hold most of the loss."""
        return deciding_rows(answers.loss_N)

    def acceleration(self, answers: LabelSetAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(answers.loss_N)
