"""Every row once an epoch, in an order drawn anew for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.train.samplers import Draw, Epoch, Sampler, batch_edges, generator_of

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


class Rows(Sampler):
    """Every row once an epoch, in an order drawn anew for each."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """A permutation an epoch, int64; batches of equal size."""
        num_rows, edges = len(rows), batch_edges(len(rows), batch_size)
        return lambda epoch: Epoch(generator_of(seed, "epoch", epoch).permutation(num_rows), edges)
