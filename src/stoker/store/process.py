"""Which process is at work, told apart from another that got the same number later.

A process number is used again after a while, so the moment the kernel started the process and the
identity of the boot belong to it.  A process of another machine, or behind another container's
walls, cannot be seen from here; it counts as alive.

Where there is no `/proc` (macOS), only the machine and the number tell: a run whose number another
process got since then is taken for one at work, until that process ends.

Cost: reading three small files of `/proc`.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
_STARTED_FIELD = 19
"""Position of the start time behind the name, see proc(5), /proc/pid/stat, field 22."""


@dataclass(frozen=True)
class Process:
    """One process of one machine since one boot."""

    host: str
    """Name of the machine."""
    boot: str
    """Identity of the boot; another one means that every process of before is gone."""
    space: str
    """Namespace of process numbers (a container has its own)."""
    pid: int
    """Number of the process."""
    started: int
    """When it started, in kernel ticks since the boot; 0 where the system does not say."""

    def is_alive(self) -> bool:
        """Whether it may still be running; False only if that is certain.

        >>> this_process().is_alive()
        True
        """
        here = this_process()
        if self.host != here.host:
            return True
        if self.boot != here.boot:
            return False
        if self.space != here.space:
            return True
        return _exists(self.pid) and _started(self.pid) in (self.started, 0)


def this_process() -> Process:
    """The process that asks."""
    host, boot = _machine()
    pid = os.getpid()
    return Process(host, boot, _space(), pid, _started(pid))


@lru_cache
def _machine() -> tuple[str, str]:
    path = _PROC / "sys/kernel/random/boot_id"
    boot = path.read_text().strip() if path.exists() else ""
    return socket.gethostname(), boot


def _space() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _started(pid: int) -> int:
    try:
        text = (_PROC / f"{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0
    fields = text.rpartition(")")[2].split()
    # A zombie has ended; only its parent has not noticed.
    return -1 if fields[0] in "ZX" else int(fields[_STARTED_FIELD])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
