"""Limits that a child process sets itself before it touches a file of others.

The kernel keeps them: the timers end the process even in the middle of a C loop, an allocation too
many fails.  Timers count from one picture or batch to the next, which RLIMIT_CPU cannot do.

These are limits, not a sandbox: whoever can make a decoder run code of theirs runs it as the user.

Cost: two system calls (1 microsecond) each time the timers are set.
"""

from __future__ import annotations

import resource
import signal
from pathlib import Path

_SIZE = Path("/proc/self/statm")


def limit_memory(more_bytes: int) -> None:
    """Cap the address space at what it is now and so much more.

    Nothing is capped where the system does not tell how much it is (macOS, which keeps no such
    limit either): there a file that fills the memory ends the child only when the kernel does.
    """
    if not _SIZE.is_file():
        return
    pages = int(_SIZE.read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def limit_time(cpu_s: float, wall_s: float) -> None:
    """End the process if it takes so much time from now on; 0 lifts a limit."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    signal.setitimer(signal.ITIMER_REAL, wall_s)


def restore_signals() -> None:
    """Let the timers kill, and leave Ctrl-C to the parent."""
    timers = (signal.SIGPROF, signal.SIGALRM)
    for number in timers:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, timers)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def forbid_writing() -> None:
    """Let the process write no file, not even a core; pipes and sockets are none."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
