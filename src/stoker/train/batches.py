"""The order of an epoch, and its batches, many at a time.

An epoch's order is a permutation made from (seed, epoch), and every random draw of a chunk comes
from (seed, epoch, chunk), so that a position is all that must be saved to go on exactly.

A chunk is up to 16 batches.  Its rows are gathered from the memory-mapped columns in one go, into a
buffer that is used again, then augmented and scaled together: a batch is a slice and costs no
Python per row.  A prefetch thread would only take cores from the arithmetic (measured: 2.4 times
slower on two cores).

Cost: one copy of each row in its stored type, and one of the chunk in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from stoker.core.seeds import derive_seed
from stoker.train.augment import Augmentation, ImageAugmentation, MixingAugmentation

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

_BATCHES_PER_CHUNK = 16
_CHUNK_BYTES = 2 << 20
"""Largest chunk in stored types; as float32 it is up to four times larger, and should stay in the
processor's cache."""


@dataclass(frozen=True)
class Chunk:
    """Some batches of an epoch, side by side."""

    raw: dict[str, Tensor]
    """Columns, augmented, in their raw types."""
    target: Tensor
    """Targets in the same order: codes or values (N,), or blended classes (N, K)."""
    bounds: list[tuple[int, int]]
    """First and one past last row of each batch within the chunk."""


def batch_edges(num_rows: int, batch_size: int) -> list[int]:
    """Edges of the batches of an epoch: batch i is rows [edges[i], edges[i + 1]).

    The last batch may be smaller, but a single row is never a batch of its own where there is
    another to join: batch norm cannot take a deviation of one row.

    >>> batch_edges(10, 4), batch_edges(9, 4), batch_edges(1, 4)
    ([0, 4, 8, 10], [0, 4, 9], [0, 1])
    """
    edges = [*range(0, num_rows, batch_size), num_rows]
    if len(edges) > 2 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    return edges


def epoch_order(num_rows: int, seed: int, epoch: int) -> np.ndarray:
    """The permutation of an epoch, int64.

    >>> sorted(epoch_order(4, seed=0, epoch=1).tolist())
    [0, 1, 2, 3]
    """
    generator = np.random.Generator(np.random.PCG64(derive_seed(seed, "epoch", epoch)))
    return generator.permutation(num_rows)


class Batches:
    """Chunks of batches of a prepared set, a pure function of (seed, epoch, chunk)."""

    def __init__(
        self,
        train: PreparedSet,
        *,
        batch_size: int,
        augment: tuple[Augmentation, ...],
        num_outputs: int,
        seed: int,
    ) -> None:
        """Plan the chunks; nothing is read yet."""
        self._set, self._augment, self._seed = train, augment, seed
        self._num_outputs = num_outputs
        self._edges = batch_edges(len(train), batch_size)
        self._per_chunk = _batches_per_chunk(train.row_bytes, batch_size)
        chunk_edges = [*self._edges[: -1 : self._per_chunk], self._edges[-1]]
        self._buffers = train.buffers(int(np.diff(chunk_edges).max()))
        self._epoch, self._order = -1, np.empty(0, np.int64)

    @property
    def per_epoch(self) -> int:
        """Batches of one epoch."""
        return len(self._edges) - 1

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each batch of an epoch, int64."""
        return np.diff(self._edges)

    @property
    def chunks_per_epoch(self) -> int:
        """Chunks of one epoch."""
        return -(-self.per_epoch // self._per_chunk)

    def chunk_of(self, batch: int) -> int:
        """The chunk that a batch of an epoch lies in."""
        return batch // self._per_chunk

    def first_batch(self, chunk: int) -> int:
        """The first batch of a chunk, counted in its epoch."""
        return chunk * self._per_chunk

    def row_ids(self, epoch: int, chunk: int) -> np.ndarray:
        """Row ids of a chunk, in the order in which `load` gives its rows."""
        return self._set.row[self._index(epoch, chunk)]

    def load(self, epoch: int, chunk: int) -> Chunk:
        """Gather and augment a chunk.

        The tensors are views of buffers that the next call overwrites.
        """
        index = self._index(epoch, chunk)
        rows = self._set.gather(index, self._buffers)
        raw = {name: torch.from_numpy(column) for name, column in rows.columns.items()}
        target = torch.from_numpy(rows.target)
        if self._augment:
            raw, target = self._augmented(raw, target, epoch, chunk)
        edges = self._chunk_edges(chunk)
        bounds = [(start - edges[0], stop - edges[0]) for start, stop in pairwise(edges)]
        return Chunk(raw, target, bounds)

    def _chunk_edges(self, chunk: int) -> list[int]:
        first = self.first_batch(chunk)
        return self._edges[first : first + self._per_chunk + 1]

    def _index(self, epoch: int, chunk: int) -> np.ndarray:
        """Positions of a chunk's rows in the prepared set."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = epoch_order(len(self._set), self._seed, epoch)
        edges = self._chunk_edges(chunk)
        return self._order[edges[0] : edges[-1]]

    def _augmented(
        self, raw: Mapping[str, Tensor], target: Tensor, epoch: int, chunk: int
    ) -> tuple[dict[str, Tensor], Tensor]:
        generator = torch.Generator()
        generator.manual_seed(derive_seed(self._seed, "augment", epoch, chunk))
        changed = dict(raw)
        images = [name for name, column in raw.items() if column.ndim == 4]
        for step in self._augment:
            if isinstance(step, ImageAugmentation):
                for name in images:
                    changed[name] = step.augment(changed[name], generator)
            elif isinstance(step, MixingAugmentation):
                mix = step.draw(len(target), generator)
                changed |= {name: mix.images(changed[name]) for name in images}
                target = mix.targets(target, self._num_outputs)
        return changed, target


def _batches_per_chunk(row_bytes: int, batch_size: int) -> int:
    """As many as fit into the chunk's bytes; between 1 and 16.

    >>> [_batches_per_chunk(785, size) for size in (64, 256, 1_000_000)]
    [16, 10, 1]
    """
    return max(1, min(_BATCHES_PER_CHUNK, _CHUNK_BYTES // (row_bytes * batch_size)))
