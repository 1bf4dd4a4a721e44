"""Samplers: which rows make the batches of an epoch; one file each.

An epoch is an order of rows and where batches begin in it.  Both are a pure function of the rows,
the seed and the epoch, so a position (epoch, batch) is all that a checkpoint must hold to go on
exactly, and `stoker.testing.assert_equal_after_resume` proves it of a sampler of one's own.

Where several processes train together, each batch is cut into as many pieces, so that together
they take the very steps that one process would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import Step, step_name

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

STAGE = "stoker.train.samplers"


class Epoch(NamedTuple):
    """The batches of an epoch: batch i is the rows `order[edges[i]:edges[i + 1]]`."""

    order: np.ndarray
    """Positions of rows, int64; a row may stand in it several times or not at all."""
    edges: np.ndarray
    """int64, rising from 0 to the length of `order`."""

    def share(self, rank: int, world: int) -> Epoch:
        """The piece of each batch that one of several processes takes.

        >>> whole = Epoch(np.arange(7), np.array([0, 4, 7]))
        >>> [whole.share(rank, 2).order.tolist() for rank in range(2)]
        [[0, 1, 4], [2, 3, 5, 6]]
        """
        if world == 1:
            return self
        sizes = np.diff(self.edges)
        first, last = (self.edges[:-1] + sizes * at // world for at in (rank, rank + 1))
        pieces = [self.order[start:stop] for start, stop in zip(first, last, strict=True)]
        return Epoch(np.concatenate(pieces), np.r_[0, np.cumsum(last - first)])


Draw = Callable[[int], Epoch]
"""An epoch's number to its batches."""


class Sampler(Step, ABC):
    """Which rows make the batches of an epoch.

    Promise: equal rows, seed and epoch give equal batches; every epoch has the same number of them;
    no batch is empty; another seed or epoch gives another order.
    """

    @abstractmethod
    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Look at the rows once.

        Args:
            rows: The training part.
            batch_size: Most rows of a batch.
            seed: Source of all randomness.

        Raises:
            RecipeError: If the rows have not what the sampler goes by.
        """

    def drawn_K(self, counts: np.ndarray) -> np.ndarray | None:
        """How much oftener than they occur rows of each class are drawn; None: as they occur.

        Args:
            counts: Rows of each class.
        """
        return None


def batch_edges(num_rows: int, batch_size: int) -> np.ndarray:
    """Edges of batches of equal size; the last batch may be smaller.

    A single row is never a batch of its own where there is another to join: batch norm cannot take
    a deviation of one row.

    >>> batch_edges(10, 4).tolist(), batch_edges(9, 4).tolist(), batch_edges(1, 4).tolist()
    ([0, 4, 8, 10], [0, 4, 9], [0, 1])
    """
    edges = [*range(0, num_rows, batch_size), num_rows]
    if len(edges) > 2 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    return np.array(edges, np.int64)


def generator_of(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random numbers for one purpose, equal each time."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, *purpose)))


def joined(batches: list[np.ndarray], order: np.ndarray) -> Epoch:
    """Batches in an order."""
    chosen = [batches[place] for place in order]
    return Epoch(np.concatenate(chosen), np.r_[0, np.cumsum([len(one) for one in chosen])])


def row_lengths(sampler: Sampler, rows: PreparedSet) -> np.ndarray:
    """Values of each row in all columns of rows of any length, int64 (N,).

    Raises:
        RecipeError: If there is no such column.
    """
    if not rows.ragged:
        raise RecipeError(
            f"the sampler {step_name(sampler)} goes by the length of rows, and they are alike",
            expected="a column of texts as tokens, or another one of rows of any length",
            fix="leave train.sampler out",
        )
    return np.sum([column.lengths for column in rows.ragged.values()], axis=0)
