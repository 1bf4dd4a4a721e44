"""Trainings inside an estimator: equal seeds give equal weights, whatever the machine is doing.

Sums over several threads come out in another order than over one, and the number of threads of an
estimator must not change its answers; so one thread, and torch's generator seeded.

Cost: the other cores stay idle meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """One thread, and torch's generator seeded; both are put back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
