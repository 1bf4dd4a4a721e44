"""Take chosen files out of a foreign archive, and nothing else.

Python's `extractall` writes outside its folder for a crafted archive, even with its filter
(CVE-2025-4517).  This reads an archive as a stream and writes only members that were asked for, are
regular files, and have a plain relative path; links, devices and sparse files are never made.  The
number of members, the bytes unpacked of all of them together and the ratio are capped before
anything is believed.

Cost: a tar archive is unpacked once from end to end; a ZIP archive only where it is needed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from stoker.core.errors import DataError, Place
from stoker.store.durable import machine_errors

MOST_MEMBERS = 200_000
MOST_BYTES = 16 << 30
_RATIO = 300
_RATIO_FROM_BYTES = 64 << 20
_MOST_NAME_BYTES = 255
_UNPACKING = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    *(struct.error, EOFError, OSError, ValueError, OverflowError, IndexError),
    *(NotImplementedError, RuntimeError),
)
"""What Python's readers raise for odd bytes, found by changing those of sound archives."""
_PACKERS: dict[bytes, Callable[[BinaryIO], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: cast(IO[bytes], gzip.GzipFile(fileobj=file)),
    b"BZ": bz2.BZ2File,
    b"\xfd7": lzma.LZMAFile,
}


def extract(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Write the wanted regular files of an archive below `folder`.

    Args:
        archive: A tar (plain, gzip, bzip2, xz) or ZIP file.
        folder: An existing folder.
        wanted: Whether to take the member of this name.

    Returns:
        The names of all its regular files, for messages.

    Raises:
        DataError: If the archive is damaged, a bomb, or a wanted member has an unsafe path.
    """
    label = archive.name
    try:
        with archive.open("rb") as raw:
            if zipfile.is_zipfile(raw):
                return _extract_zip(raw, folder, wanted, label)
            raw.seek(0)
            return _extract_tar(raw, folder, wanted, label)
    except _UNPACKING as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise _bad(f"cannot be unpacked: {said}", "a whole archive", label) from None


def _extract_tar(
    raw: BinaryIO, folder: Path, wanted: Callable[[str], bool], label: str
) -> list[str]:
    size = raw.seek(0, 2)
    raw.seek(0)
    magic = raw.read(2)
    raw.seek(0)
    packer = _PACKERS.get(magic)
    stream = _Capped(packer(raw) if packer else raw, _ArchiveBudget(size, label))
    names = []
    with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as tar:
        for number, member in enumerate(tar):
            _check_count(number, label)
            if not member.isreg() or member.issparse():
                continue
            names.append(member.name)
            content = tar.extractfile(member) if wanted(member.name) else None
            if content is not None:
                _write(content, _inside(folder, member.name, label))
    return names


def _extract_zip(
    raw: BinaryIO, folder: Path, wanted: Callable[[str], bool], label: str
) -> list[str]:
    size = raw.seek(0, 2)
    names, budget = [], _ArchiveBudget(size, label)
    with zipfile.ZipFile(raw) as archive:
        for number, member in enumerate(archive.infolist()):
            _check_count(number, label)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or kind not in (0, stat.S_IFREG):
                continue
            names.append(member.filename)
            if wanted(member.filename):
                if member.flag_bits & 1:
                    raise _bad("is encrypted", "an archive without a password", label)
                with archive.open(member) as content:
                    _write(_Capped(content, budget), _inside(folder, member.filename, label))
    return names


class _ArchiveBudget:
    """What may come out of an archive in all."""

    def __init__(self, packed_bytes: int, label: str) -> None:
        most = max(_RATIO_FROM_BYTES, _RATIO * packed_bytes)
        self.left = min(most, MOST_BYTES)
        self._label = label

    def spend(self, num_bytes: int) -> None:
        self.left -= num_bytes
        if self.left < 0:
            expected = f"at most {_RATIO} times the size of the archive, and 16 GiB"
            raise _bad("unpacks to too much", expected, self._label)


class _Capped:
    """A stream that ends with an error when more comes out of it than is left."""

    def __init__(self, stream: IO[bytes], budget: _ArchiveBudget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._budget.left:
            size = self._budget.left + 1
        block = self._stream.read(size)
        self._budget.spend(len(block))
        return block


def _check_count(number: int, label: str) -> None:
    if number >= MOST_MEMBERS:
        raise _bad(f"has more than {MOST_MEMBERS:,} members", "fewer", label)


def _inside(folder: Path, name: str, label: str) -> Path:
    """Where a member goes; never outside the folder, never over another member."""
    parts = name.split("/")
    unsafe = any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
    unsafe = unsafe or max(len(os.fsencode(part)) for part in parts) > _MOST_NAME_BYTES
    path = folder.joinpath(*parts) if not unsafe else folder
    if unsafe or not path.is_relative_to(folder):
        raise _bad(f"has a member called {name!r}", "plain relative names", label)
    with machine_errors(f"create folder {path.parent}"):
        if path.exists():
            raise _bad(f"has the member {name!r} twice", "each member once", label)
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(content: IO[bytes] | _Capped, path: Path) -> None:
    with machine_errors(f"write {path}"):
        file = path.open("xb")
    with file:
        for block in _blocks(content):  # what fails here is the archive
            with machine_errors(f"write {path}"):
                file.write(block)


def _blocks(content: IO[bytes] | _Capped) -> Iterator[bytes]:
    while block := content.read(1 << 20):
        yield block


def _bad(what: str, expected: str, label: str) -> DataError:
    return DataError(what, expected=expected, place=Place(label))
