"""What the raw files are: name, size and SHA-256 of each, so that a run knows whether they changed.

Hashing a gigabyte takes most of a second, so hashes are remembered in the cache under path, size,
time of change and inode, in one file for each project: a run reads no other project's.  A file that
was changed within the last two seconds is not remembered, because a second change could fall on the
same time stamp.

Cost: one `stat` a file when nothing changed; otherwise reading it once.

Source: the two-second rule is git's answer to "racily clean" files,
https://git-scm.com/docs/racy-git
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.canonical import canonical_json
from stoker.core.errors import DataError, MachineError, Place, printable
from stoker.core.events import task, warning
from stoker.store.durable import make_folder, write_file

if TYPE_CHECKING:
    pass

_FRESH_S = 2.0
_KEPT_TABLE = re.compile(r"[0-9a-f]{64}\.parquet")


def default_cache() -> Path:
    """Folder for downloads and remembered hashes: `STOKER_CACHE`, or `~/.cache/stoker`."""
    named = os.environ.get("STOKER_CACHE")
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "stoker").absolute()


def path_label(path: Path, project: Path, cache: Path) -> str:
    """A path as the user knows it: relative to the project or the cache, else whole.

    A file that is called by its content is one that stoker wrote: a table that was in memory.

    >>> path_label(Path("/home/li/digits/a.png"), Path("/home/li"), Path("/cache"))
    'digits/a.png'
    >>> path_label(Path(f"/home/li/{64 * '0'}.parquet"), Path("/home/li"), Path("/cache"))
    'the table'
    """
    if _KEPT_TABLE.fullmatch(path.name):
        return "the table"
    text = str(path)
    for root in sorted((f"{project}/", f"{cache}/"), key=len, reverse=True):
        if text.startswith(root):
            text = text[len(root) :]
            break
    return printable(text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


class FileHashes:
    """Hashes of files, remembered in the cache while it is open; a context manager."""

    def __init__(self, project: Path, cache: Path) -> None:
        """Remember what is known of the files of a project.

        Args:
            project: Folder where relative paths start.
            cache: Folder for downloads and for the remembered hashes; created if missing.
        """
        self.project, self.cache = project.absolute(), cache.absolute()
        self._memory = _memory(self.project, self.cache)
        self._known = _load(self._memory)
        self._before = dict(self._known)

    def __enter__(self) -> FileHashes:
        """Begin to hash."""
        return self

    def __exit__(self, *_: object) -> None:
        """Keep what was found out."""
        if self._known != self._before:
            _remember(self._memory, self._known)

    def of(self, files: Sequence[Path]) -> list[list[object]]:
        """`[name, size in bytes, SHA-256]` of each file.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        with task("hash the raw files", total=len(files), unit="files") as hashing:
            found: list[list[object]] = []
            for path in files:
                label = path_label(path, self.project, self.cache)
                found.append([label, *_file_hash(path, label, self._known)])
                hashing.advance()
        return found


def _memory(project: Path, cache: Path) -> Path:
    """Where the hashes of a project's files are kept."""
    return cache / "hashes" / f"{hashlib.sha256(os.fsencode(project)).hexdigest()[:16]}.json"


def _remember(memory: Path, known: dict[str, list[object]]) -> None:
    """Keep the hashes of files that are still there.

    A cache that cannot be written costs time and not the run.
    """
    try:
        make_folder(memory.parent)
        there = {name: entry for name, entry in known.items() if Path(name).exists()}
        write_file(memory, canonical_json(there))
    except MachineError as error:
        warning(f"the raw files will be hashed again next time: {error.what}")


def _file_hash(path: Path, label: str, known: dict[str, list[object]]) -> tuple[int, str]:
    key = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    try:
        state = path.stat()
        seen = [state.st_size, state.st_mtime_ns, state.st_ino]
        entry = known.get(key)
        if entry is not None and entry[:3] == seen:
            return state.st_size, str(entry[3])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}",
            expected="a file that you may read",
            place=Place(label),
        ) from None
    if time.time() - state.st_mtime > _FRESH_S:
        known[key] = [*seen, digest]
    return state.st_size, digest


def _load(path: Path) -> dict[str, list[object]]:
    """The remembered hashes; a missing or damaged memory is no error, everything is hashed anew."""
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    sound = isinstance(known, dict) and all(
        isinstance(entry, list) and len(entry) == 4 for entry in known.values()
    )
    return known if sound else {}
