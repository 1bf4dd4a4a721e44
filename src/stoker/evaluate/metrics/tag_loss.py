"""Loss of tags: minus the logarithm of the probability of all tags of a row, mean over rows.

What training makes small; long texts weigh more than short ones, as they have more tags.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.tags import TagAnswers
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class TagLoss(Metric[TagAnswers]):
    """Minus the log probability of the true tags of a row, mean over rows."""

    takes = TagAnswers
    title = "Loss of tags"
    place = 148
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: TagAnswers) -> np.ndarray:
        """The loss of each row."""
        return answers.loss_N

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: TagAnswers) -> float:
        """Fewer where a few rows hold most of the loss."""
        return deciding_rows(answers.loss_N)

    def acceleration(self, answers: TagAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(answers.loss_N)
