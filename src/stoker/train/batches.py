"""The batches of an epoch, many at a time.

Which rows make a batch a sampler says, from (seed, epoch), and every random draw of a chunk comes
from (seed, epoch, chunk), so that a position is all that must be saved to go on exactly.

A chunk is up to 16 batches.  Its rows are gathered from the memory-mapped columns in one go, into a
buffer that is used again, then augmented and scaled together: a batch is a slice and costs no
Python per row.  A prefetch thread would only take cores from the arithmetic (measured: 2.4 times
slower on two cores).

Cost: one copy of each row in its stored type, and one of the chunk in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from stoker.core.seeds import derive_seed
from stoker.networks.preparing import RowsTensor, tensors_of
from stoker.train.augment import ImageAugmentation, MixingAugmentation
from stoker.train.chunk import Chunk
from stoker.train.samplers import Epoch

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.train.settings import Settings

_BATCHES_PER_CHUNK = 16
_CHUNK_BYTES = 2 << 20
"""Largest chunk in stored types; as float32 it is up to four times larger, and should stay in the
processor's cache."""


class Batches:
    """Chunks of batches of a prepared set, a pure function of (seed, epoch, chunk)."""

    def __init__(
        self,
        train: PreparedSet,
        settings: Settings,
        *,
        num_outputs: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """Plan the chunks; nothing is read yet.

        Args:
            train: The training part.
            settings: Rows of a batch over all processes, the sampler, random changes of pictures.
            num_outputs: Classes, for augmentations that blend targets.
            seed: Source of all randomness.
            rank: Which of several processes this is.
            world: How many there are.
        """
        self._set, self._augment, self._seed = train, settings.augment, seed
        self._num_outputs, self._rank, self._world = num_outputs, rank, world
        self._draw = settings.sampler.start(train, settings.batch_size, seed)
        self._number, self._epoch = -1, Epoch(np.empty(0, np.int64), np.zeros(1, np.int64))
        self._per_chunk = _batches_per_chunk(train.row_bytes, settings.batch_size)
        self._buffers = train.buffers(0)
        self._go_to(0)

    @property
    def per_epoch(self) -> int:
        """Batches of one epoch."""
        return len(self._epoch.edges) - 1

    @property
    def rows(self) -> int:
        """Rows of the training part."""
        return len(self._set)

    @property
    def mean_rows(self) -> float:
        """Rows of a batch in the mean."""
        return len(self._epoch.order) / self.per_epoch

    def sizes(self, epoch: int) -> np.ndarray:
        """Rows of each batch of an epoch, int64."""
        self._go_to(epoch)
        return np.diff(self._epoch.edges)

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
        inputs = {**rows.columns, **rows.ragged}
        raw = {name: tensors_of(column) for name, column in inputs.items()}
        target = tensors_of(rows.target)
        if self._augment:
            raw, target = self._augmented(raw, target, epoch, chunk)
        edges = self._chunk_edges(chunk)
        return Chunk(raw, target, list(pairwise((edges - edges[0]).tolist())))

    def _go_to(self, epoch: int) -> None:
        """Draw the batches of an epoch, and see that a chunk has room."""
        if epoch == self._number:
            return
        self._number, self._epoch = epoch, self._draw(epoch).share(self._rank, self._world)
        ends = self._epoch.edges
        most = int(np.diff(np.r_[ends[: -1 : self._per_chunk], ends[-1]]).max())
        if most > len(self._buffers.target):
            self._buffers = self._set.buffers(most)

    def _chunk_edges(self, chunk: int) -> np.ndarray:
        first = self.first_batch(chunk)
        return self._epoch.edges[first : first + self._per_chunk + 1]

    def _index(self, epoch: int, chunk: int) -> np.ndarray:
        """Positions of a chunk's rows in the prepared set."""
        self._go_to(epoch)
        edges = self._chunk_edges(chunk)
        return self._epoch.order[edges[0] : edges[-1]]

    def _augmented(
        self, raw: Mapping[str, RowsTensor], target: RowsTensor, epoch: int, chunk: int
    ) -> tuple[dict[str, RowsTensor], RowsTensor]:
        generator = torch.Generator()
        generator.manual_seed(derive_seed(self._seed, "augment", epoch, chunk))
        images = {n: c for n, c in raw.items() if isinstance(c, Tensor) and c.ndim == 4}
        for step in self._augment:
            if isinstance(step, ImageAugmentation):
                images = {name: step.augment(image, generator) for name, image in images.items()}
            elif isinstance(step, MixingAugmentation):
                assert isinstance(target, Tensor), "targets of any length cannot be blended"
                mix = step.draw(len(target), generator)
                images = {name: mix.images(image) for name, image in images.items()}
                target = mix.targets(target, self._num_outputs)
        return {**raw, **images}, target


def _batches_per_chunk(row_bytes: int, batch_size: int) -> int:
    """As many as fit into the chunk's bytes; between 1 and 16.

    >>> [_batches_per_chunk(785, size) for size in (64, 256, 1_000_000)]
    [16, 10, 1]
    """
    return max(1, min(_BATCHES_PER_CHUNK, _CHUNK_BYTES // (row_bytes * batch_size)))
