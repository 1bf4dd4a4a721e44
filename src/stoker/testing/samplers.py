"""What samplers promise: a training that goes on meets the same batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stoker.train.samplers import Epoch, Sampler

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


def assert_equal_after_resume(
    sampler: Sampler, rows: PreparedSet, *, batch_size: int = 8, epochs: int = 3
) -> None:
    """A training that goes on at any epoch meets the batches that it would have met.

    A sampler is started for each epoch anew, asked for that epoch first, and compared with one that
    went through all of them; so what it keeps between epochs must not matter.

    Args:
        sampler: The step.
        rows: Rows that it suits.
        batch_size: Most rows of a batch.
        epochs: How many epochs are looked at.

    Raises:
        AssertionError: If batches differ, an epoch has another number of them, or one is empty.
    """
    straight = sampler.start(rows, batch_size, seed=1)
    expected = [straight(epoch) for epoch in range(epochs)]
    count = len(expected[0].edges)
    for number, epoch in enumerate(expected):
        _assert_whole(epoch, len(rows))
        assert len(epoch.edges) == count, f"epoch {number} has another number of batches"
        for late in (sampler.start(rows, batch_size, seed=1)(number), straight(number)):
            assert np.array_equal(late.order, epoch.order), f"epoch {number} has another order"
            assert np.array_equal(late.edges, epoch.edges), f"epoch {number} has other batches"


def _assert_whole(epoch: Epoch, num_rows: int) -> None:
    assert epoch.edges[0] == 0, "the first batch begins at the first row"
    assert epoch.edges[-1] == len(epoch.order), "the last batch ends at the last row"
    assert (np.diff(epoch.edges) > 0).all(), "no batch is empty"
    assert epoch.order.min() >= 0, "positions count from 0"
    assert epoch.order.max() < num_rows, "positions are rows"
