"""Metrics that each break one promise, and the sound ones that they were made from."""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.evaluate.metrics import Metric


class Hits(Metric[ClassAnswers]):
    """Share of rows answered with their class."""

    takes = ClassAnswers
    title = "Hits"
    higher_is_better = True
    takes_many = True

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        """1 for a hit."""
        return answers.hit_N.astype(np.float64)

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        """Their share."""
        return draw.mean(prepared)


class IgnoresTheThreshold(Hits):
    """The most probable class instead of the answered one."""

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        return (answers.log_probability_NK.argmax(axis=1) == answers.truth_N).astype(np.float64)


class Nothing(Hits):
    """Always NaN."""

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        return super().value(prepared, draw) * np.nan


class WritesToTheAnswers(Hits):
    """Overwrites the truth, by the way."""

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        hit_N = super().prepare(answers)
        answers.truth_N[:] = 0
        return hit_N


class IgnoresCounts(Hits):
    """Every row once."""

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        return draw.mean(np.full_like(prepared, prepared.mean()))


class FirstRowsCountMore(Hits):
    """The order matters."""

    def prepare(self, answers: ClassAnswers) -> np.ndarray:
        return super().prepare(answers) * np.linspace(1, 0.5, answers.num_rows)


class TheWrongWayRound(Hits):
    """Says that fewer hits are better."""

    higher_is_better = False


class SaysNothing(Hits):
    """No title."""

    title = ""


class OneForMany(Hits):
    """One value for several resamples."""

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        return float(np.mean(draw.mean(prepared)))


class Distance(Metric[NumberAnswers]):
    """Mean distance."""

    takes = NumberAnswers
    title = "Distance"
    higher_is_better = False

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        """Of each row."""
        return np.abs(answers.error_N)

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        """Their mean."""
        return draw.mean(prepared)


class Doubled(Distance):
    """Twice as much."""

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        return 2 * super().prepare(answers)


class Summed(Distance):
    """Grows with the rows."""

    def value(self, prepared: np.ndarray, draw: Draw) -> float | np.ndarray:
        return draw.mean(prepared) * len(prepared) / 3


class Signed(Distance):
    """Errors that cancel."""

    def prepare(self, answers: NumberAnswers) -> np.ndarray:
        return answers.error_N
