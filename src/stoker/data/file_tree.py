"""Files of a folder, one row each: found without being led astray (links, FIFOs, loops), and read.

People and programs leave other files beside those that are meant: notes, lists, side-cars, READMEs.
Who walks says which of them are plainly something else; these are left out, and told.

While walking only files that may be something else are opened, and every file is opened so that
neither a FIFO nor a link that took its place meanwhile can block or mislead.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from stoker.cells.raw import shorten

MOST_BYTES = 64 << 20
"""Largest file that is taken for a row."""
_SHOWN = 40
_LITTER = {"thumbs.db", "desktop.ini"}
_MOST_DEPTH = 64
_FIRST_BYTES = 512
_MOST_TOLD = 3
_KINDS = {stat.S_IFIFO: "FIFO", stat.S_IFDIR: "folder", stat.S_IFSOCK: "socket"}

IsOther = Callable[[Path], bool]
"""Whether a file is plainly something else than what is looked for."""


class Found(NamedTuple):
    """A file of the tree, or something that stands where a file should."""

    path: Path
    label: str
    """Its class, in Unicode form NFC; empty where there is none."""
    problem: str | None
    """Why it cannot be read, if that is known without opening it."""


class Walk(NamedTuple):
    """What stands in some folders."""

    found: list[Found]
    """Files, in the order of names, and what stands where a file should."""
    others: list[Path]
    """Files that are plainly something else, which nobody meant to be read."""
    bare: tuple[Path, ...] = ()
    """Class folders in which there is nothing to read."""


class _Tree:
    """One walk."""

    def __init__(self, is_other: IsOther, *, follow_links: bool) -> None:
        self.found: list[Found] = []
        self.others: list[Path] = []
        self._is_other = is_other
        self._follow_links = follow_links

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What stands in a folder, by name; hidden files are left out, a refusal is noted."""
        try:
            with os.scandir(folder) as entries:
                shown = [e for e in entries if not _is_passed_over(e.name)]
        except OSError as error:
            problem = f"is a folder that cannot be read: {error.strerror}"
            self.found.append(Found(folder, "", problem))
            return []
        return sorted(shown, key=lambda entry: os.fsencode(entry.name))

    def is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self._follow_links)
        except OSError:
            return False

    def take(self, path: Path) -> None:
        """Note a file, or everything inside a folder."""
        if path.is_dir() and (self._follow_links or not path.is_symlink()):
            self.descend(path, "", None, ())
        else:
            self.add(path, "", None)

    def add(self, path: Path, label: str, problem: str | None) -> None:
        if self._is_other(path):
            self.others.append(path)
            return
        refused = file_problem(path, follow_links=self._follow_links)
        self.found.append(Found(path, label, refused or problem))

    def descend(
        self, folder: Path, label: str, problem: str | None, above: tuple[tuple[int, int], ...]
    ) -> None:
        """Note everything inside a class folder, at any depth."""
        state = folder.stat()
        identity = (state.st_dev, state.st_ino)
        if identity in above or len(above) > _MOST_DEPTH:
            self.found.append(Found(folder, "", "is a folder inside itself, or too deep"))
            return
        for entry in self.entries(folder):
            if self.is_folder(entry):
                self.descend(Path(entry.path), label, problem, (*above, identity))
            else:
                self.add(Path(entry.path), label, problem)


def walk_classes(root: Path, is_other: IsOther, *, follow_links: bool) -> Walk:
    """Everything in the class folders of `root`, in the order of names (their bytes)."""
    tree = _Tree(is_other, follow_links=follow_links)
    bare: list[Path] = []
    for entry in tree.entries(root):
        if tree.is_folder(entry):
            before = len(tree.found)
            label, problem = _class_name(entry.name)
            tree.descend(Path(entry.path), label, problem, ())
            if len(tree.found) == before:
                bare.append(Path(entry.path))
        else:
            tree.add(Path(entry.path), "", "stands in no class folder")
    return Walk(tree.found, tree.others, tuple(bare))


def walk_files(root: Path, is_other: IsOther, *, follow_links: bool) -> Walk:
    """Everything in a folder, at any depth, by the same rules but without classes."""
    tree = _Tree(is_other, follow_links=follow_links)
    tree.descend(root, "", None, ())
    return Walk(tree.found, tree.others)


def walk_paths(paths: Iterable[Path], is_other: IsOther, *, follow_links: bool) -> Walk:
    """The same of files and folders that are named one by one."""
    tree = _Tree(is_other, follow_links=follow_links)
    for path in sorted(paths, key=os.fsencode):
        if not _is_passed_over(path.name):
            tree.take(path)
    return Walk(tree.found, tree.others)


def others_in_words(names: list[str], what: str) -> str:
    """Files that are something else in a few words.

    >>> others_in_words(["notes.txt"], "picture")
    '1 file that is no picture: notes.txt'
    >>> others_in_words(["a.txt", "b.txt", "c.txt", "d.txt"], "picture")
    '4 files that are no pictures: a.txt, b.txt, c.txt, ...'
    """
    files = (
        f"1 file that is no {what}"
        if len(names) == 1
        else f"{len(names):,} files that are no {what}s"
    )
    return f"{files}: {_first(names)}"


def bare_in_words(names: list[str], what: str) -> str:
    """Class folders in which there is nothing to read in a few words.

    >>> bare_in_words(["cat"], "picture")
    '1 class folder holds no picture, so no row has its label: cat'
    >>> bare_in_words(["a", "b", "c", "d"], "text")
    '4 class folders hold no text, so no row has their labels: a, b, c, ...'
    """
    folders = (
        f"1 class folder holds no {what}, so no row has its label"
        if len(names) == 1
        else f"{len(names):,} class folders hold no {what}, so no row has their labels"
    )
    return f"{folders}: {_first(names)}"


def _first(names: list[str]) -> str:
    return ", ".join(names[:_MOST_TOLD]) + ", ..." * (len(names) > _MOST_TOLD)


def _is_passed_over(name: str) -> bool:
    return name[:1] == "." or name.lower() in _LITTER


def file_problem(path: Path, *, follow_links: bool) -> str | None:
    """Why a path is not a file that can be read, without opening it."""
    try:
        state = path.stat() if follow_links else path.lstat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:
        return "is no path: it holds a NUL character"
    if stat.S_ISLNK(state.st_mode):
        return "is a symbolic link; set `follow_links: true` to follow it"
    if not stat.S_ISREG(state.st_mode):
        return f"is a {_KINDS.get(stat.S_IFMT(state.st_mode), 'device')}, not a file"
    if state.st_size > MOST_BYTES:
        return f"has {state.st_size:,} bytes, more than {MOST_BYTES:,}"
    return None


def read_content(path: Path, *, follow_links: bool) -> tuple[bytes, str | None]:
    """The bytes of a file that was found sound, one more than may be, or why there are none."""
    try:
        with _opened(path, follow_links=follow_links) as file:
            return file.read(MOST_BYTES + 1), None
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"


def first_bytes(path: Path, *, follow_links: bool) -> bytes | None:
    """How a file begins; None if it is none, or cannot be read."""
    try:
        state = path.stat() if follow_links else path.lstat()
        if not stat.S_ISREG(state.st_mode):
            return None
        with _opened(path, follow_links=follow_links) as file:
            return file.read(_FIRST_BYTES)
    except OSError:
        return None


def _opened(path: Path, *, follow_links: bool) -> BinaryIO:
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    return os.fdopen(os.open(path, flags), "rb")


def twins(found: list[Found]) -> list[Path]:
    """Files whose names another one has too, but for the Unicode form of a letter."""
    seen: dict[str, Path] = {}
    again = []
    for file in found:
        name = str(file.path)
        if not name.isascii():
            first = seen.setdefault(unicodedata.normalize("NFC", name), file.path)
            again += [file.path] if first != file.path else []
    return again


def shown(content: bytes) -> str | None:
    r"""What a reject shows of contents: the beginning of a text, else their size and first bytes.

    >>> shown("<html>\n没有</html>".encode()), shown(b"II*\0" + bytes(96)), shown(b"")
    ('<html> 没有</html>', '100 bytes that begin 49492a0000000000', None)
    """
    text = " ".join(content[:_SHOWN].decode("utf-8", "ignore").split())
    return text if text.isprintable() and text else shorten(content) if content else None


def _class_name(name: str) -> tuple[str, str | None]:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "", "stands in a folder whose name is not UTF-8"
    return unicodedata.normalize("NFC", name), None
