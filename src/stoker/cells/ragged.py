"""Ragged rows: values end to end, and where each row begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
