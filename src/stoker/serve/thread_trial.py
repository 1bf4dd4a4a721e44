"""How many math threads a worker computes with, found by trying.

With one worker for each core there is nothing to choose: one thread each gives the most answers a
second.  With fewer workers the cores that are left can only help as further threads, which pays for
large models and not for small ones, where waking threads costs more than they compute.  So one and
all that fall to a worker are tried in turn, and more threads must be a tenth faster to win.

Cost: at most about a second, while the server starts, in its first worker; the graph is loaded
once more meanwhile.

Not done: more threads in exchange for fewer workers.  It would answer a lone caller of a large
model sooner, and a full house later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

_LIMIT_S = 1.0
_MOST_ROUNDS = 20
_GAIN = 0.9


def measure(runs: Mapping[int, Callable[[], object]]) -> dict[int, float]:
    """Fewest seconds of each run, taken in turn so that a busy machine slows all alike.

    Args:
        runs: What to do, by the number of threads that does it.
    """
    best_s = dict.fromkeys(runs, float("inf"))
    began = perf_counter()
    for _ in range(_MOST_ROUNDS):
        for count, run in runs.items():
            start = perf_counter()
            run()
            best_s[count] = min(best_s[count], perf_counter() - start)
        if perf_counter() - began > _LIMIT_S:
            break
    return best_s


def choose(seconds: Mapping[int, float]) -> int:
    """The number of threads to take, by the seconds that each number needs.

    >>> choose({1: 0.010, 4: 0.0095}), choose({1: 0.010, 4: 0.004}), choose({4: 1.0})
    (1, 4, 4)
    """
    fewest, most = min(seconds), max(seconds)
    return most if seconds[most] < _GAIN * seconds[fewest] else fewest
