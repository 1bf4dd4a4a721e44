"""What this machine has: processors, memory, disk, libraries; and what is missing, with the cure.

Limits of a container count: processors are those this process may use, memory is the smaller of the
machine's and the control group's.  Nothing heavy is imported; a library is looked up, not loaded.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sqlite3
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from stoker.core.errors import MachineError
from stoker.core.processors import available_cores
from stoker.core.words import size

_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_PROCESSOR = Path("/proc/cpuinfo")
_LITTLE_MEMORY_BYTES = 2_000_000_000
_LEAST_ADDRESS_SPACE_BYTES = 700_000_000
_LITTLE_DISK_BYTES = 2_000_000_000
_OLDEST_SQLITE = (3, 35, 0)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "broken"]
    detail: str
    fix: str | None = None


def examine(home: Path) -> list[Finding]:
    """Everything that `stoker doctor` looks at."""
    return [
        _python(),
        _processors(),
        _memory(),
        _disk(home),
        _home(home),
        _sqlite(),
        *(_extra(name, projects) for name, projects in extras().items()),
    ]


def memory_bytes() -> int:
    """Memory that this process may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [path.read_text().strip() for path in _CGROUP_LIMITS if path.is_file()]
    return min([physical, *(int(limit) for limit in limits if limit.isdigit())])


def check_address_space() -> None:
    """Refuse to work in so little address space that libraries end the process without a word.

    Raises:
        MachineError: If the limit (`ulimit -v`) is lower than what they map before any data.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _LEAST_ADDRESS_SPACE_BYTES:
        raise MachineError(
            f"this process may use only {size(limit)} of address space",
            expected=f"at least {size(_LEAST_ADDRESS_SPACE_BYTES)}, better no limit",
            fix="ulimit -v unlimited",
        )


def _python() -> Finding:
    detail = f"{platform.python_version()}, stoker {version('stoker')}, {sys.executable}"
    return Finding("python", "ok", detail)


def _processors() -> Finding:
    flags = _cpu_flags()
    found = [name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in flags]
    detail = f"{available_cores()} usable, {', '.join(found) or platform.machine()}"
    if platform.machine() == "x86_64" and flags and "avx2" not in flags:
        return Finding(
            "processors", "warning", detail, "without AVX2 training is several times slower"
        )
    return Finding("processors", "ok", detail)


def _cpu_flags() -> set[str]:
    """What the processor can do; empty where the system does not say."""
    if not _PROCESSOR.is_file():
        return set()
    lines = _PROCESSOR.read_text(errors="replace").splitlines()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def _memory() -> Finding:
    total = memory_bytes()
    if total < _LITTLE_MEMORY_BYTES:
        return Finding("memory", "warning", size(total), "at least 2 GB are needed to train")
    return Finding("memory", "ok", size(total))


def _disk(home: Path) -> Finding:
    place = next(
        folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists()
    )
    free = shutil.disk_usage(place).free
    detail = f"{size(free)} free at {place}"
    if free < _LITTLE_DISK_BYTES:
        return Finding("disk", "warning", detail, "free some space: stoker gc, or --home elsewhere")
    return Finding("disk", "ok", detail)


def _home(home: Path) -> Finding:
    place = next(
        folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists()
    )
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"stoker")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        fix = "choose another folder with --home or STOKER_HOME"
        return Finding("home", "broken", f"{home} cannot be written: {error.strerror}", fix)
    return Finding("home", "ok", f"{home} can be written")


def _sqlite() -> Finding:
    detail = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return Finding("sqlite", "broken", detail, "a Python with SQLite 3.35 or newer is needed")
    return Finding("sqlite", "ok", detail)


def extras() -> dict[str, list[str]]:
    """Projects that each extra for users brings; the developers' own is left out."""
    wanted: dict[str, list[str]] = {}
    for requirement in requires("stoker") or []:
        name, _, marker = requirement.partition(";")
        extra = marker.partition("extra ==")[2].strip().strip("\"'")
        if extra and extra not in ("all", "dev") and not name.startswith("stoker"):
            wanted.setdefault(extra, []).append(_project(name))
    return wanted


def _project(requirement: str) -> str:
    """The project of a requirement.

    >>> _project("uvicorn>=0.40")
    'uvicorn'
    """
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), None)
    return requirement[:end]


def _extra(extra: str, names: list[str]) -> Finding:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        fix = f"pip install 'stoker[{extra}]'"
        return Finding(f"extra {extra}", "warning", f"{', '.join(missing)} missing", fix)
    return Finding(f"extra {extra}", "ok", ", ".join(found))
