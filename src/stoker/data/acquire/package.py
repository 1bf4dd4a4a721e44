"""Read an asset that travels inside a package of npm or PyPI, pinned by version and SHA-256.

Behind a company's firewall the package registry is often the only thing that can be reached, and
many data sets are published there.  The package is fetched with the ordinary client, kept in a
cache, checked against its hash before it is opened, and only the files that `read` names are taken
out of it.  Nothing of it is installed or run.

Paths in `read` are those in the archive, with or without its one top folder (`package/` in npm,
`name-version/` in a source package).

Cost: the download once; afterwards one SHA-256 of the package file, and of what was taken out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import pyarrow as pa
from pydantic import (
    BeforeValidator,
    PlainSerializer,
    SerializeAsAny,
    StringConstraints,
    model_validator,
)

from stoker.cells import MediaKind
from stoker.core.canonical import canonical_json, fingerprint
from stoker.core.errors import DataError, Place
from stoker.core.steps import make_step, step_spec
from stoker.data.acquire import Source, SourceColumn
from stoker.data.extent import SourceExtent
from stoker.data.packages.archive import extract
from stoker.data.packages.registry import Pinned, locked, package_file
from stoker.store.durable import machine_errors, make_folder, remove_tree, write_file

if TYPE_CHECKING:
    from stoker.data.reading import Reading
    from stoker.data.text_cells import TextCells

_STAGE = "stoker.data.acquire"
_NPM = r"^(@[a-z0-9][a-z0-9._~-]*/)?[a-z0-9][a-z0-9._~-]*$"
_PYPI = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"

NestedSource = Annotated[
    SerializeAsAny[Source],
    BeforeValidator(lambda spec: make_step(_STAGE, spec, Source)),
    PlainSerializer(lambda source: step_spec(source)),
]


class Package(Source):
    """Files inside a package of npm or PyPI."""

    npm: Annotated[str, StringConstraints(pattern=_NPM, max_length=214)] | None = None
    """Name of an npm package."""
    pypi: Annotated[str, StringConstraints(pattern=_PYPI, max_length=214)] | None = None
    """Name of a PyPI package."""
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.!+_-]{0,127}$")]
    """The exact version."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the package file, 64 hexadecimal digits."""
    read: NestedSource
    """The source that reads the files inside, such as `{csv: {path: data/a.csv}}`."""

    @model_validator(mode="after")
    def _sound(self) -> Package:
        if (self.npm is None) == (self.pypi is None):
            raise ValueError("give either npm or pypi")
        if isinstance(self.read, Package):
            raise ValueError("a package inside a package cannot be read")
        if self.read.part or self.read.licence:
            raise ValueError("give part and licence beside `read`, not inside it")
        for name in self.read.paths():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"{name!r} is not a path inside the package")
        return self

    @property
    def pinned(self) -> Pinned:
        """The one file that is meant."""
        if self.npm is not None:
            return Pinned("npm", self.npm, self.version, self.sha256)
        return Pinned("pypi", self.pypi or "", self.version, self.sha256)

    def paths(self) -> tuple[str, ...]:
        """The package and the paths inside it, for the report."""
        return (str(self.pinned), *self.read.paths())

    def text_cells(self) -> TextCells | None:
        """Those of the source inside."""
        return self.read.text_cells()

    def usual_decimal(self) -> str:
        """That of the source inside."""
        return self.read.usual_decimal()

    def table_ending(self) -> str:
        """That of the source inside."""
        return self.read.table_ending()

    def read_options(self) -> dict[str, Any]:
        """Those of the source inside."""
        return self.read.read_options()

    def python_code(self, path: str, num_columns: int) -> str:
        """That of the source inside."""
        return self.read.python_code(path, num_columns)

    def media(self) -> Mapping[str, MediaKind]:
        """Those of the source inside."""
        return self.read.media()

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The files inside the package, taken out into the cache.

        Raises:
            DataError: If the package cannot be fetched, is another file than the pinned one, is
                damaged or hostile, or does not hold what `read` names.
        """
        return self._files_in(self._unpacked(cache), cache)

    def _files_in(self, root: Path, cache: Path) -> list[Path]:
        found = self.read.files(root, cache)
        for path in found:
            if not path.resolve().is_relative_to(root.resolve()):
                raise DataError(
                    "is not inside the package",
                    expected=f"a path inside {self.pinned}",
                    place=Place(str(path)),
                )
        return found

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        """Those of the source inside."""
        return self.read.seen_columns(self._unpacked(cache), cache)

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """That of the source inside."""
        return self.read.extent(self._unpacked(cache), cache)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows of the source inside; `_source` begins with the package."""
        root = self._unpacked(reading.cache)
        self._files_in(root, reading.cache)
        inside = replace(reading, project=root, prefix=f"{reading.prefix}{self.pinned}/")
        yield from self.read.read_rows(inside)

    def _unpacked(self, cache: Path) -> Path:
        """The folder where the paths of `read` start."""
        key = fingerprint([self.sha256, sorted(self.read.paths())])
        folder = cache / "unpacked" / f"{_plain_name(self.pinned.name)}-{key[:24]}"
        make_folder(folder.parent)
        with locked(folder.with_name(f".{folder.name}.lock")):
            if not _is_whole(folder):
                self._unpack(package_file(self.pinned, cache), folder)
        files = folder / "files"
        tops = [path.name for path in files.iterdir()]
        if len(tops) == 1 and not any(_wanted(name, tops[0]) for name in self.read.paths()):
            return files / tops[0]
        return files

    def _unpack(self, archive: Path, folder: Path) -> None:
        draft = folder.with_name(f".{folder.name}.draft")
        remove_tree(draft)
        make_folder(draft / "files")
        names = extract(archive, draft / "files", self._is_asked_for)
        self._require_all(names)
        write_file(draft / "members.json", canonical_json(_digests(draft / "files")))
        remove_tree(folder)
        with machine_errors(f"create folder {folder}"):
            draft.rename(folder)

    def _is_asked_for(self, member: str) -> bool:
        below = member.partition("/")[2]
        paths = self.read.paths()
        return not paths or any(_covers(path, m) for path in paths for m in (member, below))

    def _require_all(self, members: list[str]) -> None:
        """Every path that `read` names covers some member."""
        below = [member.partition("/")[2] for member in members]
        for path in self.read.paths():
            if not any(_covers(path, member) for member in [*members, *below]):
                near = get_close_matches(path, below, n=1)
                raise DataError(
                    f"there is no {path!r} in {self.pinned}",
                    expected="a path inside the package",
                    fix=f"did you mean {near[0]!r}?" if near else None,
                )


def _covers(path: str, member: str) -> bool:
    """Whether a path of the recipe names a member, or a folder above it, or is its pattern."""
    plain = PurePosixPath(path).as_posix()
    if plain == "." or member == plain or member.startswith(f"{plain}/"):
        return bool(member)
    return any(c in plain for c in "*?[") and fnmatchcase(member, plain)


def _wanted(path: str, top: str) -> bool:
    return PurePosixPath(path).parts[:1] == (top,)


def _plain_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in name)


def _digests(folder: Path) -> dict[str, Any]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}


def _is_whole(folder: Path) -> bool:
    """Whether everything that was taken out is still there as it was; hashed once a process."""
    try:
        state = (folder / "members.json").stat()
        return _is_unchanged(folder, state.st_ino, state.st_mtime_ns)
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=64)
def _is_unchanged(folder: Path, _inode: int, _mtime_ns: int) -> bool:
    return _digests(folder / "files") == json.loads((folder / "members.json").read_bytes())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
