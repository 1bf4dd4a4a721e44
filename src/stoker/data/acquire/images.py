"""Read pictures: a folder for each class, or a table that names the files.

In a tree of folders the first level is the class and everything inside it, at any depth, belongs to
it.  With `table`, a CSV file has a column of paths, and its other columns become columns of the
dataset.

Every file is a row or a reject, in the order of names.  Hidden files (a leading dot) and the
leavings of desktops (`Thumbs.db`, `desktop.ini`) are neither.  Symbolic links are not followed
unless asked for.  Labels are put into Unicode form NFC, so that one name typed on two systems is
one class.

Cost: reading and hashing each file once; pictures are not decoded.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
from pydantic import model_validator

from stoker.core.errors import DataError, Place
from stoker.core.events import warning
from stoker.data.acquire import Source
from stoker.data.acquire._files import kind_of, require_regular
from stoker.data.acquire._pictures import MOST_BYTES, why_no_picture
from stoker.data.acquire.csv import Csv

if TYPE_CHECKING:
    from stoker.data.dataset import Reading

_LITTER = {"thumbs.db", "desktop.ini"}
_ROWS = 4_096
_MOST_DEPTH = 64


class _Found(NamedTuple):
    """A file of the tree, or something that stands where a file should."""

    path: Path
    label: str | None
    problem: str | None


class Images(Source):
    """Pictures in folders named after their class, or named by a table."""

    path: str = "."
    """Folder of the class folders; with `table`, where its relative paths start."""
    table: str | None = None
    """CSV file that names the pictures, with a header."""
    path_column: str = "path"
    """Column of the table that holds the paths."""
    image_column: str = "image"
    """Name of the column of pictures."""
    label_column: str = "label"
    """Name of the column of classes (class folders only)."""
    follow_links: bool = False
    """Whether symbolic links are followed."""

    @model_validator(mode="after")
    def _names_differ(self) -> Images:
        if self.image_column == self.label_column and self.table is None:
            raise ValueError(f"image_column and label_column are both {self.image_column!r}")
        return self

    def paths(self) -> tuple[str, ...]:
        """The folder, and the table if there is one."""
        return (self.path,) if self.table is None else (self.path, self.table)

    def media_columns(self) -> tuple[str, ...]:
        """The column of pictures."""
        return (self.image_column,)

    def files(self, project: Path, cache: Path) -> list[Path]:
        """All pictures, and the table if there is one."""
        root = self._root(project)
        if self.table is None:
            return [found.path for found in self._tree(root) if not found.problem]
        table = project / self.table
        require_regular(table, self.table)
        paths = {root / name for name in self._listed(project) if name}
        return [table, *sorted(path for path in paths if not self._problem(path, root))]

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a picture.

        Raises:
            DataError: If the folder or the table is missing, or holds nothing.
        """
        if self.table is not None:
            yield from self._read_table(reading)
            return
        rows: list[tuple[str, int, str]] = []
        found = self._tree(self._root(reading.project))
        _warn_of_twins(found, reading)
        for file in found:
            number = self._add(file.path, file.problem, reading)
            if number is not None:
                rows.append((reading.label(file.path), number, file.label or ""))
            if len(rows) == _ROWS:
                yield self._as_table(rows)
                rows = []
        if rows:
            yield self._as_table(rows)

    def _as_table(self, rows: list[tuple[str, int, str]]) -> pa.Table:
        sources, numbers, labels = zip(*rows, strict=True)
        return pa.table(
            {
                "_source": pa.array(sources, pa.string()),
                "_line": pa.repeat(pa.scalar(1, pa.int64()), len(rows)),
                self.image_column: pa.array(numbers, pa.int64()),
                self.label_column: pa.array(labels, pa.string()),
            }
        )

    def _add(self, path: Path, problem: str | None, reading: Reading) -> int | None:
        """The number of a picture, or None after it was rejected."""
        content = b""
        if not problem:
            try:
                content = _content(path, follow_links=self.follow_links)
                problem = why_no_picture(content)
            except OSError as error:
                problem = f"cannot be read: {error.strerror}"
        if not problem:
            return reading.media.add(content)
        reading.rejects.add(
            source=reading.label(path),
            line=None,
            column=self.image_column,
            found=content[:40] or None,
            reason=problem,
            step="images",
        )
        return None

    def _root(self, project: Path) -> Path:
        root = project / self.path
        kind = kind_of(root, self.path)
        if kind != "a folder":
            raise DataError(
                f"is {kind}" if kind else "no such folder",
                expected="a folder; relative paths start at the recipe's folder",
                place=Place(self.path),
            )
        return root

    def _tree(self, root: Path) -> list[_Found]:
        """Everything in the class folders, in the order of names."""
        found: list[_Found] = []
        for entry in _entries(root, found):
            if _is_folder(entry, follow_links=self.follow_links):
                label, problem = _class_name(entry.name)
                self._walk(Path(entry.path), label, problem, found, (_identity(root),))
            else:
                problem = self._problem(Path(entry.path), root)
                outside = "stands in no class folder"
                found.append(_Found(Path(entry.path), None, problem or outside))
        if not found:
            raise DataError(
                "there is nothing in this folder",
                expected="a folder for each class, with pictures in it",
                place=Place(self.path),
            )
        return found

    def _walk(
        self,
        folder: Path,
        label: str,
        problem: str | None,
        found: list[_Found],
        above: tuple[tuple[int, int], ...],
    ) -> None:
        identity = _identity(folder)
        if identity in above or len(above) > _MOST_DEPTH:
            found.append(_Found(folder, None, "is a folder inside itself, through a link"))
            return
        for entry in _entries(folder, found):
            path = Path(entry.path)
            if _is_folder(entry, follow_links=self.follow_links):
                self._walk(path, label, problem, found, (*above, identity))
            else:
                found.append(_Found(path, label, problem or self._problem(path, folder)))

    def _problem(self, path: Path, root: Path) -> str | None:
        """Why a path is not a file that can be read, without opening it."""
        try:
            state = path.stat() if self.follow_links else path.lstat()
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        except ValueError:
            return "is no path: it holds a NUL character"
        if stat.S_ISLNK(state.st_mode):
            return "is a symbolic link; set `follow_links: true` to follow it"
        if not stat.S_ISREG(state.st_mode):
            kinds = {stat.S_IFIFO: "FIFO", stat.S_IFDIR: "folder", stat.S_IFSOCK: "socket"}
            return f"is a {kinds.get(stat.S_IFMT(state.st_mode), 'device')}, not a file"
        if state.st_size > MOST_BYTES:
            return f"has {state.st_size:,} bytes, more than {MOST_BYTES:,}"
        return None

    def _as_csv(self) -> Csv:
        assert self.table is not None
        return Csv(path=self.table)

    def _listed(self, project: Path) -> Iterator[str | None]:
        """Every path in the table."""
        from stoker.data.dataset import Reading
        from stoker.data.media import MediaWriter

        nowhere = Reading(project, project, MediaWriter(project))
        for table in self._as_csv().read_rows(nowhere):
            yield from self._path_cells(table)

    def _path_cells(self, table: pa.Table) -> list[str | None]:
        if self.path_column not in table.column_names:
            own = [name for name in table.column_names if name[0] != "_"]
            raise DataError(
                f"the table has no column {self.path_column!r}",
                expected=f"one of {', '.join(own)}",
                fix="name it with the option `path_column`",
                place=Place(self.table, 1),
            )
        return table[self.path_column].to_pylist()

    def _read_table(self, reading: Reading) -> Iterator[pa.Table]:
        root = self._root(reading.project)
        for table in self._as_csv().read_rows(reading):
            numbers: list[int | None] = []
            for row, name in enumerate(self._path_cells(table)):
                place = (table["_source"][row].as_py(), table["_line"][row].as_py())
                numbers.append(self._add_named(name, root, place, reading))
            keep = pa.array([number is not None for number in numbers])
            renamed = self._with_pictures(table, numbers)
            if any(keep.to_pylist()):
                yield renamed.filter(keep)

    def _with_pictures(self, table: pa.Table, numbers: list[int | None]) -> pa.Table:
        if self.image_column in table.column_names and self.image_column != self.path_column:
            raise DataError(
                f"the table already has a column {self.image_column!r}",
                expected="another name for the column of pictures",
                fix="set the option `image_column`",
                place=Place(self.table, 1),
            )
        position = table.column_names.index(self.path_column)
        return table.set_column(position, self.image_column, pa.array(numbers, pa.int64()))

    def _add_named(
        self, name: str | None, root: Path, place: tuple[str, int], reading: Reading
    ) -> int | None:
        """The number of a picture that a table names, or None after the row was rejected."""
        problem = self._problem(root / name, root) if name else "no path is given"
        content = b""
        if not problem and name:
            try:
                content = _content(root / name, follow_links=self.follow_links)
                problem = why_no_picture(content)
            except OSError as error:
                problem = f"cannot be read: {error.strerror}"
        if not problem:
            return reading.media.add(content)
        reading.rejects.add(
            source=place[0],
            line=place[1],
            column=self.path_column,
            found=name,
            reason=f"the picture {problem}" if name else problem,
            step="images",
        )
        return None


def _entries(folder: Path, found: list[_Found]) -> list[os.DirEntry[str]]:
    """What stands in a folder, by name, without hidden files; unreadable folders are noted."""
    try:
        with os.scandir(folder) as entries:
            names = [e for e in entries if e.name[0] != "." and e.name.lower() not in _LITTER]
    except OSError as error:
        found.append(_Found(folder, None, f"is a folder that cannot be read: {error.strerror}"))
        return []
    return sorted(names, key=lambda entry: os.fsencode(entry.name))


def _is_folder(entry: os.DirEntry[str], *, follow_links: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_links)
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    state = folder.stat()
    return state.st_dev, state.st_ino


def _content(path: Path, *, follow_links: bool) -> bytes:
    """The bytes of a regular file; a link or FIFO that took its place meanwhile is not opened."""
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(MOST_BYTES + 1)


def _class_name(name: str) -> tuple[str, str | None]:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "", "stands in a folder whose name is not UTF-8"
    return unicodedata.normalize("NFC", name), None


def _warn_of_twins(found: list[_Found], reading: Reading) -> None:
    """Names that look alike and differ only in their Unicode form."""
    seen: dict[str, Path] = {}
    for file in found:
        name = str(file.path)
        if name.isascii():
            continue
        twin = seen.setdefault(unicodedata.normalize("NFC", name), file.path)
        if twin != file.path:
            warning(f"{reading.label(file.path)}: two files differ only in the form of one letter")
