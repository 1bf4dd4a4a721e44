"""Brier score: mean squared error of probabilities.

With two classes it is that of the second class's probability, in [0, 1]; with more, the sum over
classes, in [0, 2], as Brier defined it and as scikit-learn's `scale_by_half="auto"` has it.

Source: Brier 1950, "Verification of forecasts expressed in terms of probability",
https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric, acceleration, deciding_rows


class Brier(Metric[ClassAnswers]):
    """Mean squared error of the probabilities."""

    takes = ClassAnswers
    title = "Brier score"
    place = 90
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        """The squared error of each row."""
        error_NK = answers.probability_NK.copy()
        error_NK[np.arange(answers.num_rows), answers.truth_N] -= 1
        square_N = np.einsum("nk,nk->n", error_NK, error_NK)
        return square_N / 2 if answers.num_classes == 2 else square_N

    def value(self, prepared: np.ndarray, draw: Draw) -> np.ndarray:
        """At least 0."""
        return draw.mean(prepared)

    def deciding_rows(self, answers: ClassAnswers) -> float:
        """Fewer where a few rows hold most of the error."""
        return deciding_rows(self.prepare(answers))

    def acceleration(self, answers: ClassAnswers) -> float:
        """That of the mean over rows."""
        return acceleration(self.prepare(answers))
