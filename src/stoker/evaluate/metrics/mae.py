"""Mean absolute error, in the target's own unit."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class Mae(Metric[NumberAnswers]):
    """Mean distance between prediction and truth, in the target's unit."""

    takes = NumberAnswers
    title = "Mean absolute error"
    place = 120
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        """The distance of each row."""
        return np.abs(answers.error_N)

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: NumberAnswers) -> float:
        """Fewer where a few rows hold most of the error."""
        return deciding_rows(self.prepare(answers))

    def acceleration(self, answers: NumberAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(self.prepare(answers))
