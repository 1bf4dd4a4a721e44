"""Ragged rows: values end to end, and where each row begins.

A network pads rows of a batch to the longest one, so what is asked together should be alike:
`alike` cuts rows into pieces by their length, with little padding and a bound on memory.  Cost: a
sort of the lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOST_VALUES = 16_384
"""Values of a piece with its padding; the vectors of as many tokens are some 25 MB a layer."""
_FREE_VALUES, _PADDED_SHARE = 64, 0.01
"""Padding that costs less than a call of its own, and its share beyond that."""
_MOST_ROWS = 4_096


@dataclass(frozen=True)
class Ragged:
    """Rows of any length; row i is `values[offsets[i]:offsets[i + 1]]`.

    >>> words = Ragged(np.array([1, 2, 3]), np.array([0, 2, 2, 3]))
    >>> len(words), words.gather(np.array([2, 0])).values
    (3, array([3, 1, 2]))
    """

    values: np.ndarray
    """All values, shape (V, ...)."""
    offsets: np.ndarray
    """int64, rising, one more than rows."""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        """The values of one row."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Values of each row, int64, shape (N,)."""
        return np.diff(self.offsets)

    def gather(self, index: np.ndarray) -> Ragged:
        """The rows at these positions, in this order, with values end to end again."""
        start = self.offsets[index]
        length = self.offsets[index + 1] - start
        offsets = np.concatenate([np.zeros(1, np.int64), length.cumsum()])
        position = np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], length)
        return Ragged(self.values[position], offsets)

    def between(self, start: int, stop: int) -> Ragged:
        """A run of rows; its values are a view.

        >>> Ragged(np.array([1, 2, 3]), np.array([0, 2, 2, 3])).between(1, 9).offsets
        array([0, 0, 1])
        """
        offsets = self.offsets[start : stop + 1]
        return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def joined(self, after: Ragged) -> Ragged:
        """These rows, then others.

        >>> Ragged(np.array([1]), np.array([0, 1])).joined(Ragged(np.array([2]), np.array([0, 1])))
        Ragged(values=array([1, 2]), offsets=array([0, 1, 2]))
        """
        offsets = np.concatenate([self.offsets, after.offsets[1:] + self.offsets[-1]])
        return Ragged(np.concatenate([self.values, after.values]), offsets)


Rows = np.ndarray | Ragged
"""The tensor of a column: the rows in axis 0, or rows of any length."""


def rows_at(rows: Rows, index: np.ndarray) -> Rows:
    """The rows at these positions, in this order."""
    return rows.gather(index) if isinstance(rows, Ragged) else rows[index]


def rows_between(rows: Rows, start: int, stop: int) -> Rows:
    """A run of rows, as views."""
    return rows.between(start, stop) if isinstance(rows, Ragged) else rows[start:stop]


def joined_rows(parts: Sequence[Rows], order: np.ndarray | None = None) -> Rows:
    """All rows of several pieces, at least one, of one kind.

    Args:
        parts: Pieces.
        order: Positions of their rows, one piece after the other; absent: they stay as they come.

    >>> one = Ragged(np.array([7, 8]), np.array([0, 2]))
    >>> joined_rows([one, Ragged(np.array([9]), np.array([0, 1]))], np.array([1, 0])).values
    array([9, 7, 8])
    """
    ragged = [part for part in parts if isinstance(part, Ragged)]
    if len(parts) == 1:
        whole = parts[0]
    elif not ragged:
        whole = np.concatenate([values_of(part) for part in parts])
    else:
        lengths_N = np.concatenate([part.lengths for part in ragged])
        offsets = np.concatenate([np.zeros(1, np.int64), lengths_N.cumsum()])
        whole = Ragged(np.concatenate([part.values for part in ragged]), offsets)
    return whole if order is None else rows_at(whole, np.argsort(order))


def values_of(rows: Rows) -> np.ndarray:
    """All numbers of rows, whichever row they belong to."""
    return rows.values if isinstance(rows, Ragged) else rows


def lengths_of(columns: Mapping[str, Rows]) -> np.ndarray | None:
    """Values of each row in all ragged columns, int64 (N,); None where there is no such column."""
    found = [rows.lengths for rows in columns.values() if isinstance(rows, Ragged)]
    return np.sum(found, axis=0) if found else None


def alike(length_N: np.ndarray, most_values: int = MOST_VALUES) -> list[np.ndarray]:
    """Rows in pieces of like length, the shortest first; a very long row has one of its own.

    Args:
        length_N: Values of each row.
        most_values: Values of a piece once its rows are padded to the longest one.

    Returns:
        Positions of the rows of each piece, int64; each row stands in one of them.

    >>> [piece.tolist() for piece in alike(np.array([990, 3, 1000, 4]))]
    [[1, 3], [0, 2]]
    """
    size, longest = len(length_N), int(length_N.max(initial=0))
    if size * longest <= min(most_values, int(length_N.sum()) + _FREE_VALUES):
        return [np.arange(size)] if size else []
    order_N = np.argsort(length_N, kind="stable")
    sorted_N = length_N[order_N]
    pieces, start = [], 0
    while start < len(order_N):
        length_M = sorted_N[start : start + _MOST_ROWS]
        values_M = length_M.cumsum()
        padded_M = length_M * np.arange(1, len(length_M) + 1)
        spare_M = np.maximum(_FREE_VALUES, _PADDED_SHARE * values_M)
        is_over_M = (padded_M > most_values) | (padded_M - values_M > spare_M)
        over_M = np.flatnonzero(is_over_M[1:])
        size = int(over_M[0]) + 1 if len(over_M) else len(length_M)
        pieces.append(order_N[start : start + size])
        start += size
    return pieces
