"""Predicted numbers beside true ones."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from stoker.answers import Answers, kept


class NumberAnswers(Answers):
    """Predicted numbers beside true ones, in the target's own unit."""

    of: ClassVar[str] = "numbers"
    glance: ClassVar[str] = "rmse"
    glance_rises: ClassVar[bool] = False
    loss_name: ClassVar[str] = "rmse"

    def __init__(self, answer_N: np.ndarray, truth_N: np.ndarray) -> None:
        """Take two vectors of equal length."""
        self.answer_N = np.asarray(answer_N, dtype=np.float64)
        self.truth_N = np.asarray(truth_N, dtype=np.float64)
        self.num_rows = len(self.truth_N)

    def rows(self, place_N: np.ndarray) -> Self:
        """The answers to some rows."""
        return type(self)(self.answer_N[place_N], self.truth_N[place_N])

    def at_best(self) -> Self:
        """The truth."""
        return type(self)(self.truth_N, self.truth_N)

    @kept
    def error_N(self) -> np.ndarray:
        """Prediction minus truth."""
        return self.answer_N - self.truth_N

    def at_a_glance(self) -> float:
        """Root of the mean squared error, in the target's own unit."""
        return self.as_read(float(self.loss_N.mean()))

    @property
    def loss_N(self) -> np.ndarray:
        """The square of each error."""
        return np.square(self.error_N)

    @staticmethod
    def as_read(mean_loss: float) -> float:
        """The root of the mean squared error; rounding below zero counts as zero."""
        return math.sqrt(max(0.0, mean_loss))

    @property
    def distance_N(self) -> np.ndarray:
        """The size of each error."""
        return np.abs(self.error_N)

    @property
    def wrong_N(self) -> np.ndarray:
        """Whether there is an error at all."""
        return self.error_N != 0

    @property
    def score_N(self) -> np.ndarray:
        """The size of each error."""
        return self.distance_N

    @property
    def belief_NK(self) -> np.ndarray:
        """The numbers, shape (N, 1)."""
        return self.answer_N[:, None]

    def told(self, row: int) -> tuple[str | float, str | float, float | None]:
        """The true and the predicted number."""
        return float(self.truth_N[row]), float(self.answer_N[row]), None
