"""Write files and folders so that a kill, a full disk or an I/O error leaves the old or the new.

A file is written beside its place under a temporary name, flushed to the disk, renamed over the
old one, and the folder is flushed too: only then does the call return.  A temporary file is locked
(`flock`) by the process that writes it, and the kernel drops that lock when the process dies, so
`sweep` can tell a stray file from one that is being written without trusting clocks or process
numbers.

Every `OSError` becomes a `MachineError` with the path and what the machine said.

Cost: two flushes a file (some milliseconds on a disk).  Not covered: a disk that says "flushed"
and lies.

Source: Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI; Rebello et al. 2020,
"Can Applications Recover from fsync Failures?", ATC: after a failed flush the file is given up,
never flushed again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from stoker.core.errors import MachineError
from stoker.store.locks import lock_new, try_lock

_TEMPORARY = ".tmp"
_STRAY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)
DISK_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
)
"""Error numbers that are always the machine's fault, whatever the code was doing."""

_OWNER = "check who owns it and its folder; the home can stand elsewhere: --home"
_FIXES = {
    errno.ENOSPC: "free some space on that disk, or use another home with --home",
    errno.EDQUOT: "your quota on that disk is used up",
    errno.EIO: "the disk reports errors: check it (dmesg, smartctl) before trusting it again",
    errno.EROFS: "the disk is mounted read-only: use another home with --home",
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EMFILE: "raise the limit of open files: ulimit -n 1024",
    errno.ENOLCK: "the file system gives no locks: use a home on a local disk with --home",
}


def machine_error(error: OSError, doing: str) -> MachineError:
    """The machine's refusal in words, with what helps.

    >>> print(machine_error(OSError(28, "No space left on device"), "write model.bin"))
    cannot write model.bin: No space left on device
      try:      free some space on that disk, or use another home with --home
    """
    said = error.strerror or str(error)
    return MachineError(f"cannot {doing}: {said}", fix=_FIXES.get(error.errno or 0))


@contextmanager
def machine_errors(doing: str, *, only: Collection[int] | None = None) -> Iterator[None]:
    """Turn an `OSError` of the block into a `MachineError` that says what was being done.

    Args:
        doing: What is being done, after "cannot".
        only: Error numbers to turn; absent: all.
    """
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        raise machine_error(error, doing) from error


def write_file(path: Path, data: bytes | bytearray | memoryview) -> None:
    """Put `data` at `path`, whole and durable, or leave what was there.

    Args:
        path: File to create or replace; its folder exists.
        data: All of its bytes.

    Raises:
        MachineError: If the disk is full, read-only, failing...  The old file is then still there
            (or the new one, if only the last flush of the folder failed), never a mixture.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(Path(folder) / "a.json", b"{}")
    ...     (Path(folder) / "a.json").read_bytes()
    b'{}'
    """
    with writing(path) as stream:
        stream.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes stand at `path`, whole and durable, when the block ends well.

    An exception in the block leaves what was there before.

    Raises:
        MachineError: As `write_file`; an `OSError` of the block itself is turned into one too.
    """
    with machine_errors(f"write {path}"):
        temporary, descriptor = _create(path)
        try:
            with os.fdopen(descriptor, "wb", buffering=1 << 20) as stream:
                yield stream
                stream.flush()
                flush_to_disk(descriptor)
                # Renamed while the lock is held, so that no sweeper can take it before.
                temporary.rename(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _flush(path.parent)


def publish_folder(draft: Path, final: Path) -> bool:
    """Make the folder `draft` appear at `final`, whole and durable.

    Every file and folder in it is flushed first, then it is renamed, then both parents are flushed.
    Both paths are on one file system.

    Returns:
        False if something is already at `final` (another process was faster); `draft` is then
        still where it was.

    Raises:
        MachineError: If the machine refuses; `final` is then absent or whole.
    """
    flush_tree(draft)
    with machine_errors(f"publish {final}"):
        try:
            draft.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            return False
        _flush(final.parent)
        if draft.parent != final.parent:
            _flush(draft.parent)
    return True


def flush_tree(folder: Path) -> None:
    """Flush every file and folder below `folder`, and itself, to the disk.

    Raises:
        MachineError: If a flush fails; what was written must then not be trusted.
    """
    with machine_errors(f"flush {folder}"):
        for place, _, files in os.walk(folder, topdown=False, onerror=_raise):
            for name in files:
                _flush(Path(place, name))
            _flush(Path(place))


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, durably; fine if it is there already.

    Raises:
        MachineError: If it cannot be created, or a file stands in its place.
    """
    with machine_errors(f"create folder {path}"):
        missing = [path, *path.parents]
        missing = missing[: next(i for i, p in enumerate(missing) if p.is_dir())]
        path.mkdir(parents=True, exist_ok=True)
        for made in missing:
            _flush(made.parent)


def remove_tree(path: Path) -> None:
    """Delete a file, a link or a whole folder; what is gone already is fine.

    Raises:
        MachineError: If something cannot be deleted.
    """
    with machine_errors(f"delete {path}"):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, onerror=_raise_unless_missing)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return


def sweep(folder: Path) -> list[Path]:
    """Delete the temporary files that dead processes left anywhere below `folder`.

    Returns:
        What was deleted.  Files of live processes, and any that do not look like ours, stay.

    Raises:
        MachineError: If a stray file cannot be deleted.
    """
    swept = []
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            if is_temporary(path) and remove_stray(path):
                swept.append(path)
    return swept


def sweep_beside(path: Path) -> list[Path]:
    """Delete the temporary files that dead processes left in the folder of a file of the user.

    Only names that `writing` gives, and only the user's own files: other programs write there too.

    Returns:
        What was deleted; what cannot be deleted stays, because nobody waits for this.

    Raises:
        MachineError: If the folder cannot be read.
    """
    swept = []
    with machine_errors(f"look into {path.parent}"):
        names = [entry.name for entry in os.scandir(path.parent) if _STRAY.fullmatch(entry.name)]
    for stray in (path.parent / name for name in names):
        with suppress(MachineError, FileNotFoundError):
            there = stray.stat(follow_symlinks=False)
            is_ours = stat.S_ISREG(there.st_mode) and there.st_uid == os.getuid()
            swept += [stray] if is_ours and remove_stray(stray) else []
    return swept


def remove_stray(path: Path) -> bool:
    """Delete a file or folder unless a live process has it locked; whether it was deleted.

    Raises:
        MachineError: If it may not be deleted.
    """
    with machine_errors(f"sweep {path}"):
        if path.is_symlink():
            path.unlink(missing_ok=True)
            return True
        descriptor = try_lock(path)
        if descriptor is None:
            return False
        try:
            remove_tree(path)
        finally:
            os.close(descriptor)
    return True


def is_temporary(path: Path) -> bool:
    """Whether the name is one that `writing` gives to an unfinished file.

    >>> is_temporary(Path(".model.bin.0f3a9c5e.tmp")), is_temporary(Path("model.tmp"))
    (True, False)
    """
    return path.name.startswith(".") and path.suffix == _TEMPORARY


def _create(path: Path) -> tuple[Path, int]:
    """A new, locked, empty temporary file beside `path`."""
    stem = os.fsdecode(os.fsencode(path.name)[:200])
    while True:
        temporary = path.with_name(f".{stem}.{secrets.token_hex(8)}{_TEMPORARY}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o644)
        try:
            if lock_new(descriptor, temporary):
                return temporary, descriptor
        except BaseException:  # a signal as well
            with suppress(OSError):
                temporary.unlink()
            raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        flush_to_disk(descriptor)
    finally:
        os.close(descriptor)


def flush_to_disk(descriptor: int) -> None:
    """Make what was written survive a power cut.

    On macOS `fsync` leaves it in the drive's own memory, and F_FULLFSYNC asks the drive; a file
    system that does not know it (a share) gets `fsync`.
    """
    if sys.platform == "darwin":
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def _raise(error: OSError) -> None:
    raise error


def _raise_unless_missing(_function: object, _path: str, caught: tuple) -> None:
    if not isinstance(caught[1], FileNotFoundError):
        raise caught[1]
