"""Locks between processes that vanish with the process that holds them.

All of them are `flock` locks on open files: the kernel drops them at death, whatever the cause, so
no lock is ever stale and nothing depends on clocks or process numbers.  A lock file may be removed
while others wait for it; whoever gets the lock then notices that the name means another file, and
starts again.

Cost: two or three system calls.  Not covered: network file systems whose `flock` is local to each
machine; a home belongs on a local disk.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)


def acquire(path: Path, *, waiting: Callable[[], None], shared: bool = False) -> int:
    """Lock the file `path`, created if need be; wait for whoever has it.

    Args:
        path: The lock file; its folder exists.
        waiting: Called once if another holder must be waited for.
        shared: Whether other shared holders are welcome.

    Returns:
        A descriptor for `release`.

    Raises:
        OSError: If the file cannot be created or the file system has no locks.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    told = False
    while True:
        descriptor = os.open(path, _CREATE, 0o644)
        with _closing_on_error(descriptor):
            if not _try_flock(descriptor, kind):
                if not told:
                    waiting()
                told = True
                fcntl.flock(descriptor, kind)
            if same_file(descriptor, path):
                return descriptor
        os.close(descriptor)


def release(path: Path, descriptor: int, *, shared: bool = False) -> None:
    """Give the lock back; an exclusive holder also removes the file."""
    if not shared:
        with suppress(OSError):
            path.unlink()
    os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """Lock an existing file or folder for oneself at once, or not at all.

    Returns:
        An open descriptor that holds the lock until it is closed, or None if someone else has it,
        or the name is gone or is a link.

    Raises:
        OSError: If it may not be opened, or the file system has no locks.
    """
    descriptor = _open(path)
    if descriptor is None:
        return None
    with _closing_on_error(descriptor):
        if _try_flock(descriptor, fcntl.LOCK_EX) and same_file(descriptor, path):
            return descriptor
    os.close(descriptor)
    return None


def share(path: Path) -> int | None:
    """Lock an existing file so that nobody can lock it for himself; waits for one who just has.

    Returns:
        An open descriptor that holds the lock until it is closed, or None if the name is gone or
        is a link.

    Raises:
        OSError: If it may not be opened, or the file system has no locks.
    """
    while (descriptor := _open(path)) is not None:
        with _closing_on_error(descriptor):
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if same_file(descriptor, path):
                return descriptor
        os.close(descriptor)
    return None


def lock_new(descriptor: int, path: Path) -> bool:
    """Lock what was just created at `path`; False if a sweeper took it away before.

    The descriptor is closed unless the answer is True.
    """
    with _closing_on_error(descriptor):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if same_file(descriptor, path):
            return True
    os.close(descriptor)
    return False


def same_file(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the file that is open."""
    try:
        there = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


@contextmanager
def _closing_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _open(path: Path) -> int | None:
    try:
        return os.open(path, _READ)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
