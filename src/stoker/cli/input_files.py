"""What an input on the command line stands for: a file, a folder, or a pattern that names several.

A folder or a pattern is read as pictures where the model takes a picture and nothing else, as texts
where it takes a text and nothing else and some are called like texts, and as one table in several
files where it takes columns.  A `.txt` file is a table where its first line names the column.
Files come in the order of their names, and rows in the order of their file, so equal inputs give
equal outputs.

Cost: one look at each folder that a pattern goes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stoker.cells.image_formats import ENDINGS
from stoker.core.errors import DataError, Place
from stoker.core.events import Silent, listening
from stoker.data.fingerprint import default_cache
from stoker.data.patterns import fixed_part, is_pattern, matching
from stoker.data.table_source import reader_of, source_class, table_source

_TEXTS = "text"
"""Source of texts, one a file."""


@dataclass(frozen=True)
class TableInput:
    """One file, or several, that are read as one table."""

    reader: str
    """Name of the source that reads them."""
    folder: Path
    """Where the paths of its files and of its pictures start."""
    name: str
    """The file, the folder (`.`) or the pattern, from there on."""
    is_several: bool
    """Whether it is a folder or a pattern."""

    def told_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of the source that the first file tells, beside those that are given.

        Raises:
            DataError: If it holds no table, tables of several kinds, or an empty one.
        """
        path = self.folder / self.name
        if self.is_several:
            return table_source(path, given, self.reader)[1]
        return {**source_class(self.reader).told_options(path, given), **given}


def text_input(path: Path, column: str) -> TableInput | None:
    """The texts that an input is, for a model that takes this column alone; None: it is a table.

    Args:
        path: A file, a folder or a pattern.
        column: The column of texts.
    """
    if path.is_file():
        inside = [path]
    elif path.is_dir():
        inside = [one for one in sorted(path.rglob("*")) if one.is_file() and one.name[0] != "."]
    else:
        inside = [one for one in named_by(path) if one.is_file()] if is_pattern(path) else []
    endings = source_class(_TEXTS).row_files
    texts = [one for one in inside if one.name.lower().removesuffix(".gz").endswith(endings)]
    is_text = bool(texts) and not _has_header(texts[0], column)
    if path.is_file():
        is_text = is_text or reader_of(path) is None
    return _as_named(path, _TEXTS) if is_text else None


def _has_header(path: Path, column: str) -> bool:
    """Whether a file that a table's source takes too is a table with this column."""
    reader, folder = reader_of(path), path.absolute().parent
    if reader is None:
        return False
    kind = source_class(reader)
    try:
        with listening(Silent()):  # how it would be read, had it the column
            source = kind.model_validate({"path": path.name, **kind.told_options(path, {})})
            seen = source.seen_columns(folder, default_cache()) or ()
    except DataError:
        return False
    return any(one.name == column for one in seen)


def table_input(path: Path, *, only_pictures: bool, reader: str | None = None) -> TableInput | None:
    """The table that an input is; None if it is to be read as pictures, or nothing is there.

    Args:
        path: A file, a folder or a pattern.
        only_pictures: Whether the model takes a picture and nothing else.
        reader: Name of the source that the user wants; None: by the endings of names.

    Raises:
        DataError: If a pattern names nothing, or files beside each other are of several kinds.
    """
    if reader is not None:
        return _as_named(path, reader)
    if path.is_file():
        found, folder = reader_of(path), path.absolute().parent
        return None if found is None else TableInput(found, folder, path.name, is_several=False)
    if path.is_dir():
        below = path.rglob("*")
        if only_pictures or any(one.suffix.lower() in ENDINGS for one in below):
            return None
        return TableInput(table_source(path)[0], path.absolute(), ".", is_several=True)
    if not is_pattern(path):
        return None
    named = named_by(path)
    if only_pictures and not all(one.is_file() and reader_of(one) for one in named):
        return None
    if any(one.suffix.lower() in ENDINGS for one in named):
        return None
    return _as_pattern(path, table_source(path)[0])


def _as_named(path: Path, reader: str) -> TableInput | None:
    """What a source that the user named has to read; None if nothing is there."""
    if path.is_file():
        return TableInput(reader, path.absolute().parent, path.name, is_several=False)
    if path.is_dir():
        return TableInput(reader, path.absolute(), ".", is_several=True)
    return _as_pattern(path, reader) if is_pattern(path) else None


def _as_pattern(path: Path, reader: str) -> TableInput:
    start = fixed_part(path)
    return TableInput(reader, start.absolute(), str(path.relative_to(start)), is_several=True)


def named_by(pattern: Path) -> list[Path]:
    """Files and folders that a pattern fits, sorted.

    Raises:
        DataError: If there are none.
    """
    found = sorted(path for path in matching(pattern) if path.name[0] != ".")
    if not found:
        raise DataError(
            "no file and no folder is called so",
            expected="a pattern that fits some, in quotes, such as 'scans/*.png'",
            place=Place(str(pattern)),
        )
    return found
