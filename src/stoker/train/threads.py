"""How many CPU threads to train with, found by trying.

Large matrices want all cores; tiny steps lose more to waking threads than they gain, and on a busy
machine waiting for each other costs more than the other cores give.  So a few steps are taken with
each candidate, for at most a second altogether, and the fastest wins.  All cores win ties (within
15 %), so that a quiet machine chooses the same number each time: results are bit-equal only for
equal thread counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from stoker.core import events

_PROBE_S = 1.0
_STEPS = 12
_TIE = 1.15


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def choose_threads(step: Callable[[], object]) -> int:
    """The number of threads with which `step` is fastest; says what it found.

    Args:
        step: Does the work of one optimiser step; called some dozen times.
    """
    candidates = thread_candidates(available_cores())
    if len(candidates) == 1:
        return candidates[0]
    seconds = {count: _median_s(step, count, _PROBE_S / len(candidates)) for count in candidates}
    fastest = min(seconds.values())
    chosen = next(count for count in candidates if seconds[count] <= fastest * _TIE)
    measured = ", ".join(f"{n}: {s * 1000:,.1f} ms" for n, s in sorted(seconds.items()))
    events.message(
        f"training on {chosen} of {max(candidates)} threads (a step takes {measured})", passing=True
    )
    return chosen


def thread_candidates(cores: int) -> list[int]:
    """Numbers worth trying, most first.

    >>> thread_candidates(1), thread_candidates(2), thread_candidates(12)
    ([1], [2, 1], [12, 8, 4, 2, 1])
    """
    return sorted({cores, *(2**i for i in range(cores.bit_length()) if 2**i <= cores)})[::-1]


def _median_s(step: Callable[[], object], count: int, limit_s: float) -> float:
    """Median time of a step, after one that warms up."""
    taken: list[float] = []
    with num_threads(count):
        begin = time.perf_counter()
        step()
        while len(taken) < _STEPS and (not taken or time.perf_counter() - begin < limit_s):
            start = time.perf_counter()
            step()
            taken.append(time.perf_counter() - start)
    return sorted(taken)[len(taken) // 2]
