"""Rows of like length in one batch, so that little is padded.

An epoch's order is cut into stretches of many batches; within each, rows are sorted by length and
cut into batches, whose order is then drawn.  What stands together still differs between epochs.

Longer stretches pad less and mix less.  By default they are as short as pads at most a hundredth,
from 50 batches on; where lengths differ much that is the whole set, of which only rows of equal
length then change places.

Source: Khomenko et al. 2016, "Accelerating recurrent neural network training using sequence
bucketing and multi-GPU data parallelization", https://arxiv.org/abs/1708.05604
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.train.samplers import (
    Draw,
    Epoch,
    Sampler,
    batch_edges,
    generator_of,
    joined,
    row_lengths,
)

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


_FEWEST, _PADDED_SHARE = 50, 0.01


class Bucketed(Sampler):
    """Rows of like length in one batch, so that little is padded."""

    batches: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Batches of a stretch within which rows are sorted; more make batches more alike.  Absent: as
    few as pad at most a hundredth."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Permutations, sorted by length stretch by stretch.

        Raises:
            RecipeError: If all rows are equally long.
        """
        length_N = row_lengths(self, rows)
        edges = batch_edges(len(rows), batch_size)

        def batches_of(epoch: int, stretch: int) -> list[np.ndarray]:
            order_N = generator_of(seed, "bucketed", epoch).permutation(len(length_N))
            return _sorted_batches(order_N, length_N, edges, stretch)

        stretch = self.batches or _FEWEST
        while (
            not self.batches
            and stretch < len(edges)
            and _padded(batches_of(0, stretch), length_N) > _PADDED_SHARE
        ):
            stretch *= 2

        def draw(epoch: int) -> Epoch:
            found = batches_of(epoch, stretch)
            return joined(found, generator_of(seed, "buckets", epoch).permutation(len(found)))

        return draw


def _sorted_batches(
    order_N: np.ndarray, length_N: np.ndarray, edges: np.ndarray, stretch: int
) -> list[np.ndarray]:
    """Batches of an order whose stretches are sorted by length."""
    found: list[np.ndarray] = []
    for first in range(0, len(edges) - 1, stretch):
        cut = edges[first : first + stretch + 1]
        part = order_N[cut[0] : cut[-1]]
        part = part[np.argsort(length_N[part], kind="stable")]
        found += np.split(part, cut[1:-1] - cut[0])
    return found


def _padded(batches: list[np.ndarray], length_N: np.ndarray) -> float:
    """Share of places that are padding.

    >>> _padded([np.array([0, 1])], np.array([1, 2]))
    0.25
    """
    places = sum(len(batch) * int(length_N[batch].max()) for batch in batches)
    return 1 - float(length_N.sum()) / max(1, places)
