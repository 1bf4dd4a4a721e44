"""Rows of like length in one batch, so that little is padded.

An epoch's order is cut into stretches of many batches; within each, rows are sorted by length and
cut into batches, whose order is then drawn.  What stands together still differs between epochs.

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


class Bucketed(Sampler):
    """Rows of like length in one batch, so that little is padded."""

    batches: Annotated[int, Field(ge=2, le=10_000)] = 50
    """Batches of a stretch within which rows are sorted; more make batches more alike."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Permutations, sorted by length stretch by stretch.

        Raises:
            RecipeError: If all rows are equally long.
        """
        length_N = row_lengths(self, rows)
        edges = batch_edges(len(rows), batch_size)

        def draw(epoch: int) -> Epoch:
            generator = generator_of(seed, "bucketed", epoch)
            order_N = generator.permutation(len(length_N))
            found: list[np.ndarray] = []
            for first in range(0, len(edges) - 1, self.batches):
                cut = edges[first : first + self.batches + 1]
                part = order_N[cut[0] : cut[-1]]
                part = part[np.argsort(length_N[part], kind="stable")]
                found += np.split(part, cut[1:-1] - cut[0])
            return joined(found, generator.permutation(len(found)))

        return draw
