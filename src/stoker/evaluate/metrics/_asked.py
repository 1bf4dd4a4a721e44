"""Means over the rows of which something was asked."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.vectors import VectorAnswers
from stoker.evaluate.metrics import UndefinedMetricError


class AskedRows(NamedTuple):
    """What queries are worth, and which rows are queries."""

    worth_N: np.ndarray
    asked_N: np.ndarray

    @classmethod
    def of(cls, answers: VectorAnswers, worth_N: np.ndarray) -> Self:
        """What each row is worth, unless nothing can be asked.

        Raises:
            UndefinedMetricError: If no two rows belong together.
        """
        if not answers.asked_N.any():
            raise UndefinedMetricError("no two of these rows belong together")
        return cls(worth_N, answers.asked_N.astype(np.float64))


def mean_of_asked(rows: AskedRows, draw: Draw) -> np.ndarray:
    """Mean over the queries of a draw; NaN where it has none."""
    count = draw.weight_N @ rows.asked_N
    total = draw.weight_N @ (rows.worth_N * rows.asked_N)
    return np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0)
