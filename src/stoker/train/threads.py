"""How many CPU threads to train with: a rule about the work of a step, and no stopwatch.

Large matrices want all cores; tiny steps lose more to waking threads than they gain.  Sums over
several threads come out in another order than over one, so the number of threads is part of the
result: it must be the same whenever the same recipe runs on the same machine, however busy that
is.  So it follows from the multiplications of a step alone, one thread for each 32 million, which
take a core about a third of a millisecond, some times what it costs to wake a thread.

It was found by trying before (decision 019): the quickest of a few, which a busy neighbour changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

WORK_PER_THREAD = 32_000_000
"""Multiplications of a step that are worth a thread."""


@contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(work: int, cores: int) -> int:
    """Threads that steps of this size are worth, at least one and at most all cores.

    Args:
        work: Multiplications of an optimiser step.
        cores: Cores that may be used.

    >>> [threads_for(work, 8) for work in (1_000, 63_999_999, 64_000_000, 10**12)]
    [1, 1, 2, 8]
    """
    return max(1, min(cores, work // WORK_PER_THREAD))
