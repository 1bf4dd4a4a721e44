"""Scratch folders in the temporary folder that do not outlive their process for long.

A folder that a killed process left is deleted by the next process that makes one.  Whether its
maker lives is told by a lock that the kernel drops at death, as for temporary files (`durable`);
children that use the folder inherit the lock, so it stands as long as any of them.

Cost: a look at the temporary folder, microseconds for each entry.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from stoker.core.errors import MachineError
from stoker.store.durable import machine_errors, remove_stray, remove_tree
from stoker.store.locks import lock_new

_NAME = re.compile(r"stoker-[a-z0-9]+-[0-9a-f]{16}")


@dataclass(frozen=True)
class Scratch:
    """A folder that goes with its process."""

    path: Path
    """Where it is; nobody else may look into it."""
    lock: int
    """Descriptor that keeps it; hand it to children that use the folder beyond this process."""


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Scratch]:
    """A new empty folder, deleted with the block; what dead processes left is deleted before.

    Args:
        purpose: A word for its name, of small letters and digits.

    Raises:
        MachineError: If the temporary folder cannot be written.

    >>> with scratch_folder("example") as scratch:
    ...     scratch.path.is_dir()
    True
    >>> scratch.path.exists()
    False
    """
    place = Path(tempfile.gettempdir())
    sweep_scratch(place)
    with machine_errors(f"make a folder in {place}"):
        scratch = _make(place, purpose)
    try:
        yield scratch
    finally:
        remove_tree(scratch.path)
        os.close(scratch.lock)


def sweep_scratch(place: Path) -> list[Path]:
    """Delete the scratch folders of dead processes in a folder; what was deleted.

    Those that cannot be deleted (another user's) stay, because nobody waits for this.
    """
    with machine_errors(f"look into {place}"):
        named = [entry for entry in os.scandir(place) if _NAME.fullmatch(entry.name)]
    strays = [Path(entry.path) for entry in named if _is_own_folder(entry)]
    swept = []
    for path in strays:
        with suppress(MachineError):
            swept += [path] if remove_stray(path) else []
    return swept


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder of this user; one that its process has just deleted is none."""
    try:
        there = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.getuid()


def _make(place: Path, purpose: str) -> Scratch:
    while True:
        path = place / f"stoker-{purpose}-{secrets.token_hex(8)}"
        path.mkdir(0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        # A sweeper may take it away between these two lines; then it is made again.
        if lock_new(descriptor, path):
            return Scratch(path, descriptor)
