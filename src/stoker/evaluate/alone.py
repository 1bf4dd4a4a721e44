"""How well one vector predicts a target alone: a monotone and a binned fit, learned on one half.

What is measured, and what for, stands in `leaks`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

_NEIGHBOURS = 5

Measure = Literal["ROC AUC", "share right", "explained spread"]


def alone(
    value_N: np.ndarray, target_N: np.ndarray, num_classes: int | None
) -> tuple[float, Measure]:
    """How well one vector predicts, and by which measure."""
    is_number = np.issubdtype(value_N.dtype, np.floating)
    if is_number:
        value_N = np.nan_to_num(value_N.astype(np.float64), nan=-np.inf, posinf=np.inf)
    column = _Halves(value_N, target_N, is_number)
    if num_classes is None:
        found = [_explained(column.mean_M, column.target_M)]
        if is_number:
            found.append(_explained(column.between_M, column.target_M))
            found.append(_correlated(value_N, target_N.astype(np.float64)))
        return max(found), "explained spread"
    if num_classes == 2:
        found = [_area(column.mean_M, column.target_M)]
        if is_number:
            area = _area(value_N, target_N)
            found += [area, 1 - area]
        return max(found), "ROC AUC"
    return _balanced(column.commonest_M, column.target_M), "share right"


def filled_alone(filled_N: np.ndarray, target_N: np.ndarray, least_rows: int) -> tuple[float, int]:
    """How well being filled tells one class from all others, at best, and the rows of that class.

    Args:
        filled_N: 1 where a cell is filled, else 0.
        target_N: Class codes.
        least_rows: Classes of fewer rows are not asked.

    >>> code_N = np.array([0, 1, 2] * 10)
    >>> filled_alone((code_N == 2).astype(np.int32), code_N, 10)
    (1.0, 10)
    """
    rows_K = np.bincount(target_N)
    areas = {
        code: _area(filled_N, target_N, int(code)) for code in np.flatnonzero(rows_K >= least_rows)
    }
    if not areas:
        return 0.5, 0
    best = max(areas, key=lambda code: max(areas[code], 1 - areas[code]))
    return max(areas[best], 1 - areas[best]), int(rows_K[best])


class _Halves:
    """A vector whose first half answers for the second."""

    def __init__(self, value_N: np.ndarray, target_N: np.ndarray, is_number: bool) -> None:
        half = len(value_N) // 2
        self._known, self._code, self._count = np.unique(
            value_N[:half], return_inverse=True, return_counts=True
        )
        self._target, self.target_M = target_N[:half], target_N[half:]
        self._is_number, self._asked_M = is_number, value_N[half:]
        self._place_M, self._is_known_M = self._places(value_N[half:])

    def _places(self, asked_M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The known value that answers for each asked one, and whether one does."""
        last = len(self._known) - 1
        above_M = np.searchsorted(self._known, asked_M).clip(max=last)
        is_equal_M = self._known[above_M] == asked_M
        if not self._is_number:
            return above_M, is_equal_M
        below_M = (above_M - 1).clip(min=0)
        with np.errstate(invalid="ignore"):
            is_above_M = self._known[above_M] - asked_M <= asked_M - self._known[below_M]
        place_M = np.where(is_above_M | is_equal_M, above_M, below_M)
        # A missing cell answers for missing ones only.
        is_apart_M = np.isneginf(self._known[place_M]) != np.isneginf(asked_M)
        return np.where(is_apart_M, above_M, place_M), np.ones(len(asked_M), bool)

    @property
    def mean_M(self) -> np.ndarray:
        """Mean target of an equal category or of the nearest numbers."""
        sum_U = np.bincount(self._code, self._target, len(self._known))
        mean_U = self._smoothed(sum_U) if self._is_number else sum_U / self._count
        return np.where(self._is_known_M, mean_U[self._place_M], self._target.mean())

    @property
    def between_M(self) -> np.ndarray:
        """The line between the two nearest numbers: exact where the target follows smoothly."""
        there_U = np.isfinite(self._known)
        if not there_U.any():
            return np.full(len(self.target_M), self._target.mean())
        mean_U = np.bincount(self._code, self._target, len(self._known)) / self._count
        line_M = np.interp(self._asked_M, self._known[there_U], mean_U[there_U])
        return np.where(np.isfinite(self._asked_M), line_M, self.mean_M)

    def _smoothed(self, sum_U: np.ndarray) -> np.ndarray:
        """Mean over each known number and as many neighbours as make some rows."""
        end_U = np.cumsum(self._count)
        middle_U = end_U - self._count / 2
        low_U = np.searchsorted(end_U, middle_U - _NEIGHBOURS / 2, side="right")
        high_U = np.searchsorted(end_U - self._count, middle_U + _NEIGHBOURS / 2, side="left")
        if np.isneginf(self._known[0]):
            low_U[1:] = low_U[1:].clip(min=1)
            high_U[0] = 1
        sums = np.r_[0.0, np.cumsum(sum_U)]
        rows = np.r_[0, end_U]
        return (sums[high_U] - sums[low_U]) / (rows[high_U] - rows[low_U])

    @property
    def commonest_M(self) -> np.ndarray:
        """The commonest class of an equal category or of the nearest number."""
        top = int(self._target.max()) + 1
        counts_UK = np.zeros((len(self._known), top), np.int64)
        np.add.at(counts_UK, (self._code, self._target), 1)
        common = np.bincount(self._target).argmax()
        return np.where(self._is_known_M, counts_UK.argmax(1)[self._place_M], common)


def _balanced(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Mean over the classes that occur of the share answered right."""
    hit_M = answer_M == target_M
    return float(np.mean([hit_M[target_M == code].mean() for code in np.unique(target_M)]))


def _ranks(value_N: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, code_N, count = np.unique(value_N, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[code_N]


def _area(value_N: np.ndarray, target_N: np.ndarray, code: int = 1) -> float:
    """Area under the ROC curve of a number for a class; 0.5 where it or all others are missing."""
    is_one_N = target_N == code
    ones, others = int(is_one_N.sum()), int((~is_one_N).sum())
    if not ones or not others:
        return 0.5
    rank_N = _ranks(value_N)
    return float((rank_N[is_one_N].sum() - ones * (ones + 1) / 2) / (ones * others))


def _explained(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Share of the target's spread that the answers explain."""
    spread = np.square(target_M - target_M.mean()).sum()
    return float(1 - np.square(target_M - answer_M).sum() / spread) if spread else 0.0


def _correlated(value_N: np.ndarray, target_N: np.ndarray) -> float:
    """Squared correlation of values or of ranks, the greater, of the rows that have a number.

    0 if most rows have none.
    """
    there_N = np.isfinite(value_N)
    value_N, target_N = value_N[there_N], target_N[there_N]
    if there_N.mean() < 0.5 or not np.ptp(value_N) or not np.ptp(target_N):
        return 0.0
    by_value = _squared_correlation(value_N / np.abs(value_N).max(), target_N)
    return max(by_value, _squared_correlation(_ranks(value_N), _ranks(target_N)))


def _squared_correlation(one_N: np.ndarray, other_N: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):  # values that differ in the last digits
        return float(np.nan_to_num(np.corrcoef(one_N, other_N)[0, 1]) ** 2)
