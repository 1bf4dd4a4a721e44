"""Root mean squared error, in the target's own unit; large errors weigh more than in `mae`."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class Rmse(Metric[NumberAnswers]):
    """Square root of the mean squared error, in the target's unit."""

    takes = NumberAnswers
    title = "Root mean squared error"
    place = 110
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        """The squared error of each row."""
        return np.square(answers.error_N)

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0."""
        return np.sqrt(draw.mean(prepared))

    def deciding_rows(self, answers: NumberAnswers) -> float:
        """Fewer where a few rows hold most of the error."""
        return deciding_rows(self.prepare(answers))

    def acceleration(self, answers: NumberAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(self.prepare(answers))
