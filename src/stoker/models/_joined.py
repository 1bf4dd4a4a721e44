"""Columns of several parts as if they were one table, without a copy of it.

A column is put together when it is asked for, and of a few rows no other one is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np


class Joined(Mapping[str, np.ndarray]):
    """Columns of several parts end to end, made one at a time when they are asked for."""

    def __init__(self, parts: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Keep the parts."""
        self._parts = parts
        self.order_N: np.ndarray | None = None
        """Which row of the parts stands at each place; None: as they come."""

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of this name."""
        parts = [part[name] for part in self._parts]
        if self.order_N is None:
            return np.concatenate(parts)
        if 2 * len(self.order_N) > sum(map(len, parts)):
            return np.concatenate(parts)[self.order_N]
        return _picked(parts, self.order_N)

    @property
    def num_rows(self) -> int:
        """Rows of every column."""
        if self.order_N is not None:
            return len(self.order_N)
        return sum(len(next(iter(part.values()))) for part in self._parts)

    def some(self, index_M: np.ndarray) -> Joined:
        """The same columns with some of the rows only, read when a column is asked for."""
        found = Joined(self._parts)
        found.order_N = index_M if self.order_N is None else self.order_N[index_M]
        return found

    def __iter__(self) -> Iterator[str]:
        """Names of columns."""
        return iter(self._parts[0])

    def __len__(self) -> int:
        """Number of columns."""
        return len(self._parts[0])


def _picked(parts: Sequence[np.ndarray], row_M: np.ndarray) -> np.ndarray:
    """Rows of arrays that lie end to end."""
    found = np.empty((len(row_M), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for part in parts:
        is_here_M = (row_M >= start) & (row_M < start + len(part))
        found[is_here_M] = part[row_M[is_here_M] - start]
        start += len(part)
    return found
