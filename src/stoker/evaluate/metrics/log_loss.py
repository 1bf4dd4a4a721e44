"""Log loss: mean of minus the logarithm of the true class's probability.

Taken from log-softmax in float64, so a confident mistake costs what it costs; nothing is clipped
(scikit-learn clips probabilities at 2.2e-16, which caps a row's loss at 36).
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class LogLoss(Metric[ClassAnswers]):
    """Mean of minus the natural logarithm of the true class's probability."""

    takes = ClassAnswers
    title = "Log loss"
    place = 80
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        """The loss of each row, in nats."""
        return -answers.log_probability_NK[np.arange(answers.num_rows), answers.truth_N]

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0; the logarithm of the number of classes is an even guess."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: ClassAnswers) -> float:
        """Fewer where a few rows hold most of the loss."""
        return deciding_rows(self.prepare(answers))

    def acceleration(self, answers: ClassAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(self.prepare(answers))
