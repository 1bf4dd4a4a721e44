"""R2, the coefficient of determination: the share of the truth's variance that is explained.

0 is as good as always answering the mean of these rows' truth; below 0 is worse than that.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.evaluate.metrics import Metric, UndefinedMetricError, acceleration, deciding_rows

_CONSTANT = 1e-12
"""Share of the spread below which the truth of a draw is constant but for rounding."""


class R2(Metric[NumberAnswers]):
    """Share of the truth's variance that the predictions explain."""

    takes = NumberAnswers
    title = "R²"
    place = 130
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: NumberAnswers) -> tuple[np.ndarray, np.ndarray]:
        """Truth, and squared error, of each row.

        Raises:
            UndefinedMetricError: If the truth is constant, so that there is nothing to explain.
        """
        if np.ptp(answers.truth_N) == 0:
            raise UndefinedMetricError("the truth is the same in all these rows")
        return answers.truth_N, np.square(answers.error_N)

    def value(self, prepared: tuple[np.ndarray, np.ndarray], draw: Draw) -> np.ndarray:
        """At most 1."""
        truth_N, square_N = prepared
        around_N = truth_N - truth_N.mean()
        wide = draw.mean(np.square(around_N))
        spread = wide - np.square(draw.mean(around_N))
        is_known = spread > _CONSTANT * wide
        return np.where(is_known, 1 - draw.mean(square_N) / np.where(is_known, spread, 1), np.nan)

    def deciding_rows(self, answers: NumberAnswers) -> float:
        """Fewer where a few rows hold most of the error or of the spread."""
        return deciding_rows(self._lost(answers))

    def acceleration(self, answers: NumberAnswers) -> float:
        """That of what each row takes away."""
        return -acceleration(self._lost(answers))

    def _lost(self, answers: NumberAnswers) -> np.ndarray:
        """What each row takes away from the value, up to a factor."""
        truth_N, square_N = self.prepare(answers)
        around_N = np.square(truth_N - truth_N.mean())
        return square_N - around_N * square_N.mean() / around_N.mean()
