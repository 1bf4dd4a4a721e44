"""Columns as small whole numbers, so that trees are free of scale: the bins of boosted trees.

Each number column is cut where its own training values lie, in float64: between neighbouring values
while there are few of them, else between quantiles.  LightGBM is handed the numbers of the bins,
0, 1, 2, ..., and a threshold that it finds is mapped back to the cut in float64.  So multiplying a
column, shifting it or typing one far cell into it moves no row to another bin, and float32 nowhere
decides on which side of a cut a cell lies.

A column that lacked no cell in training counts a missing one as its middle bin; one that lacked
some leaves the side to the trees.  Category codes pass as they are.

Cost: one sort of a column (of at most 200,000 rows, drawn from the seed), and one binary search a
cell; memory 4 bytes a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stoker.core.seeds import derive_seed

SAMPLED_ROWS = 200_000
"""Rows that quantiles are taken from."""
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Field:
    """One column of the matrix that trees look at: a column, or a part of one."""

    column: str
    """Name of the column."""
    part: int | None
    """Which of its numbers, None for a column of one number or code."""
    edges: np.ndarray | None
    """Rising cuts in float64: bin k, from 0, holds values above cut k - 1 and not above cut k.
    None for codes."""
    middle: int | None
    """Bin of a missing number where training lacked none; None: missing is a value of its own."""
    size: int
    """Bins, or codes that occurred."""

    def encode(self, value_N: np.ndarray) -> np.ndarray:
        """Bin numbers from 0 with NaN for missing, or codes; float32.

        From 0 because LightGBM keeps a bin for zero in any case: where none is 0 it is empty, and a
        column of two values would never be cut by `extra_random`, which draws the cut after it.
        """
        if self.edges is None:
            return value_N.astype(np.float32)
        rank_N = np.searchsorted(self.edges, value_N, side="left").astype(np.float32)
        rank_N[np.isnan(value_N)] = np.nan if self.middle is None else self.middle
        return rank_N

    def cut(self, threshold_M: np.ndarray) -> np.ndarray:
        """Thresholds on bin numbers as thresholds on the column's own values.

        >>> field = Field("x", None, np.array([0.5, 7.5]), None, 3)
        >>> field.cut(np.array([1e-35, 1.5])).tolist()
        [0.5, 7.5]
        """
        assert self.edges is not None
        padded = np.concatenate([[-_LARGEST], self.edges, [_LARGEST]])
        return padded[np.clip(np.floor(threshold_M) + 1, 0, len(padded) - 1).astype(np.int64)]


def num_rows_of(columns: Mapping[str, np.ndarray]) -> int:
    """Rows of every column."""
    return len(columns[next(iter(columns))])


def spread(columns: Mapping[str, np.ndarray]) -> Iterator[tuple[str, int | None, np.ndarray]]:
    """Every column of single values, and every part of one of several numbers, in order."""
    for name in columns:
        column = columns[name]
        if column.ndim == 1:
            yield name, None, column
            continue
        for part in range(column.shape[1]):
            yield name, part, column[:, part]


def fit_fields(columns: Mapping[str, np.ndarray], max_bins: int, seed: int) -> tuple[Field, ...]:
    """Cut every column.

    Args:
        columns: Shape (N,) or (N, D): numbers with NaN for missing, or int32 codes.
        max_bins: Most bins of a number.
        seed: Draws the rows that quantiles are taken from, if there are many.
    """
    num_rows = num_rows_of(columns)
    index = None
    if num_rows > SAMPLED_ROWS:
        generator = np.random.default_rng(derive_seed(seed, "bins"))
        index = np.sort(generator.choice(num_rows, SAMPLED_ROWS, replace=False))
    return tuple(
        _fit_field(name, part, value_N, value_N if index is None else value_N[index], max_bins)
        for name, part, value_N in spread(columns)
    )


def encode(fields: Sequence[Field], columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """All fields side by side, float32 (N, F); codes below 2**24 stay exact."""
    num_rows = num_rows_of(columns)
    rank_NF = np.empty((num_rows, len(fields)), np.float32)
    for place, ((_, _, value_N), field) in enumerate(zip(spread(columns), fields, strict=True)):
        rank_NF[:, place] = field.encode(value_N)
    return rank_NF


def _fit_field(
    name: str, part: int | None, value_N: np.ndarray, sample_N: np.ndarray, max_bins: int
) -> Field:
    if value_N.dtype == np.int32:
        return Field(name, part, None, None, int(value_N.max(initial=0)) + 1)
    edges = cuts(sample_N, max_bins)
    middle = None
    if not np.isnan(value_N).any():
        middle = int(np.searchsorted(edges, np.median(value_N), side="left"))
    return Field(name, part, edges, middle, len(edges) + 1)


def cuts(value_N: np.ndarray, max_bins: int) -> np.ndarray:
    """Rising cuts between different values, float64, at most `max_bins - 1`; NaN is left out.

    With too many values each bin gets about as many rows; a value that alone has more than its
    share gets a bin of its own.

    >>> cuts(np.array([3.0, 1.0, 1.0, np.nan, 2.0]), 10).tolist()
    [1.5, 2.5]
    >>> len(cuts(np.arange(1000.0), 10))
    9
    """
    value_D, count_D = np.unique(value_N[~np.isnan(value_N)], return_counts=True)
    value_D = value_D.astype(np.float64)
    if len(value_D) < 2:
        return np.empty(0)
    cut_at = np.arange(len(value_D) - 1)
    if len(value_D) > max_bins:
        weight_D = np.minimum(count_D, count_D.sum() / max_bins)
        place_D = (np.cumsum(weight_D) - weight_D / 2) * max_bins / weight_D.sum()
        cut_at = np.flatnonzero(np.diff(np.floor(place_D)) > 0)
    low_C, high_C = value_D[cut_at], value_D[cut_at + 1]
    middle_C = low_C / 2 + high_C / 2
    return np.where((middle_C >= low_C) & (middle_C < high_C), middle_C, low_C)
