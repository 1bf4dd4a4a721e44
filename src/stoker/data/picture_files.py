"""Files of pictures: found in folders without being led astray (links, FIFOs, loops), and judged.

What a picture is, its contents say, whatever it is called.  Whether it is whole is found when it is
decoded (`clean: unreadable_media`, and the feature `image`).

Nothing is opened while walking, and a file is opened so that neither a FIFO nor a link that took
its place meanwhile can block or mislead.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path
from typing import NamedTuple

from stoker.cells.image_formats import why_refused
from stoker.cells.raw import shorten

MOST_BYTES = 64 << 20
"""Largest file taken for a picture."""
_SHOWN = 40
_LITTER = {"thumbs.db", "desktop.ini"}
_MOST_DEPTH = 64
_KINDS = {stat.S_IFIFO: "FIFO", stat.S_IFDIR: "folder", stat.S_IFSOCK: "socket"}


class Found(NamedTuple):
    """A file of the tree, or something that stands where a file should."""

    path: Path
    label: str
    """Its class, in Unicode form NFC; empty where there is none."""
    problem: str | None
    """Why it cannot be read, if that is known without opening it."""


class _Tree:
    """One walk."""

    def __init__(self, *, follow_links: bool) -> None:
        self.found: list[Found] = []
        self._follow_links = follow_links

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What stands in a folder, by name; hidden files are left out, a refusal is noted."""
        try:
            with os.scandir(folder) as entries:
                shown = [e for e in entries if e.name[0] != "." and e.name.lower() not in _LITTER]
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

    def add(self, path: Path, label: str, problem: str | None) -> None:
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


def walk_classes(root: Path, *, follow_links: bool) -> list[Found]:
    """Everything in the class folders of `root`, in the order of names (their bytes)."""
    tree = _Tree(follow_links=follow_links)
    for entry in tree.entries(root):
        if tree.is_folder(entry):
            label, problem = _class_name(entry.name)
            tree.descend(Path(entry.path), label, problem, ())
        else:
            tree.add(Path(entry.path), "", "stands in no class folder")
    return tree.found


def walk_files(root: Path, *, follow_links: bool) -> list[Found]:
    """Everything in a folder, at any depth, by the same rules but without classes."""
    tree = _Tree(follow_links=follow_links)
    tree.descend(root, "", None, ())
    return tree.found


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


def read_picture(path: Path, *, follow_links: bool) -> tuple[bytes, str | None]:
    """The bytes of a file that was found sound, and why they are no picture if they are none."""
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"
    return content, why_no_picture(content)


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


def why_no_picture(content: bytes) -> str | None:
    """Why the contents of a file cannot be a picture; None if they may be one.

    >>> why_no_picture(b"")
    'is empty'
    """
    if len(content) > MOST_BYTES:
        return f"has {len(content):,} bytes, more than {MOST_BYTES:,}"
    return why_refused(content)


def _class_name(name: str) -> tuple[str, str | None]:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "", "stands in a folder whose name is not UTF-8"
    return unicodedata.normalize("NFC", name), None
