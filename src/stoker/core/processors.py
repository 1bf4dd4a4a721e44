"""How many processor cores this process may use."""

from __future__ import annotations

import os
import sys


def available_cores() -> int:
    """Cores that this process may use: on Linux those it is bound to, elsewhere all there are.

    macOS binds no process to cores, so all of them is the answer there; a container's share of time
    counts nowhere.

    >>> available_cores() >= 1
    True
    """
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
