"""Acquire: read raw data of any form into one dataset with row ids and sources.

What every source promises: each record of its files is either a row or a reject with file, line,
column and reason; two reads of the same files give equal rows in equal order; nothing of what it
reads is executed.

A source answers for itself.  Only `read_rows` must be written, and `files` where there are some (or
`state` where there are none); what else is asked of it has an honest answer: that it is not known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from stoker.cells import MediaKind
from stoker.core.steps import Step
from stoker.data.extent import SourceExtent, size_of
from stoker.data.fingerprint import path_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from stoker.data.fingerprint import FileHashes
    from stoker.data.reading import Reading
    from stoker.data.text_cells import TextCells

OWN_COLUMNS = ("_row", "_source", "_line", "_part")
"""Columns that stoker adds; a source may not have columns of these names."""


@dataclass(frozen=True)
class SourceColumn:
    """A column that a source has, as far as its files tell it without being read."""

    name: str
    type: str | None = None
    """Arrow type that its cells will have, such as `int64`; None where that is not known yet."""
    declared: str | None = None
    """Arrow type that the file itself declares, such as `dictionary<values=string, ...>`; None
    where files declare none."""
    left_out: str = ""
    """Why it is not read, such as `is of the nested type ...`; empty: it is."""
    media: MediaKind | None = None
    """What its cells hold, if they are media."""


class Source(Step, ABC):
    """A step that reads raw data."""

    endings: ClassVar[tuple[str, ...]] = ()
    """Endings of files, in small letters, that commands read by it when they are given a file and
    no recipe; it has the fields that `path` names then.  Text may end in `.gz` too."""

    row_files: ClassVar[tuple[str, ...]] = ()
    """Endings of files of which each is a row, as they are mostly called; what is in folders of
    them is told from their contents."""

    part: Literal["train", "validation", "test"] | None = None
    """Rows of this source belong to this part of the split; absent: the split decides."""

    licence: str | None = None
    """Licence of the data, kept with every row's source and shown in the report."""

    def paths(self) -> tuple[str, ...]:
        """The paths that the recipe names, as written; `package` unpacks these and no more.

        Absent: a package is unpacked whole.
        """
        return ()

    def label(self, file: Path, project: Path, cache: Path) -> str:
        """A file's name for messages, as `reading.label` says it while rows are read.

        Args:
            file: Its path.
            project: Folder of the recipe.
            cache: Folder for downloads.
        """
        return path_label(file, project, cache)

    def text_cells(self) -> TextCells | None:
        """How its text is read, which the bundle repeats; None where cells have types."""
        return None

    def usual_decimal(self) -> str:
        """The sign before fractions that the form of its files suggests; empty: none."""
        return ""

    def verbatim(self) -> Self:
        """The same, with text as it stands: a bundle reads it by the rule that it learned."""
        return self

    @classmethod
    def told_options(cls, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a file needs beside those given, told from the file itself.

        Args:
            path: A file with one of the `endings`.
            given: Options that the user gave; what they say is not guessed.

        Raises:
            DataError: If it needs some, and nothing tells which.
        """
        return {}

    def table_ending(self) -> str:
        """Ending of a file of this form, such as `.csv`; empty where no command reads one."""
        return self.endings[0] if self.endings else ""

    def read_options(self) -> dict[str, Any]:
        """Options with which another file of this form is to be read; what a file tells is none."""
        return {}

    def python_code(self, path: str, num_columns: int) -> str:
        """The call that reads such a file by the library that most people know; empty: none.

        Args:
            path: Name of the file, without its ending.
            num_columns: How many columns it has.
        """
        return ""

    def media(self) -> Mapping[str, MediaKind]:
        """Columns whose cells are numbers that `reading.media.add` returned, with what they are."""
        return {}

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        """The columns of its first file, or None where they cannot be seen cheaply.

        A header, a footer or the options tell; what is wrong with a file beyond that is told when
        it is read.

        Args:
            project: Folder of the recipe; relative paths start there.
            cache: Folder for downloads, kept between runs.

        Raises:
            DataError: If a file is missing, or what it begins with will not do.
        """
        return None

    def files(self, project: Path, cache: Path) -> list[Path]:
        """Every file the rows come from; none where they come from elsewhere.

        Args:
            project: Folder of the recipe; relative paths start there.
            cache: Folder for downloads, kept between runs.

        Raises:
            DataError: If one is missing or is not a regular file that can be read.
        """
        return []

    def state(self, hashes: FileHashes) -> list[list[object]]:
        """What its rows follow from, as JSON: a source of another state is read again.

        By itself the name, size and SHA-256 of each of its files.

        Args:
            hashes: Of files, remembered between runs, with the folders where paths start.

        Raises:
            DataError: If a file is missing or cannot be read.
        """
        return hashes.of(self.files(hashes.project, hashes.cache))

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """About how many rows there are, from a quick look; by itself only the sizes of its files.

        Args:
            project: Folder of the recipe; relative paths start there.
            cache: Folder for downloads, kept between runs.

        Raises:
            DataError: If a file is missing.
        """
        return size_of(self.files(project, cache))

    @abstractmethod
    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows, in order, some thousands at a time.

        Each table has the source's own columns plus `_source` (string: the file as the user knows
        it) and `_line` (int64: line or record of that file, from 1).  A media column holds the
        int64 numbers that `reading.media.add` returned.  Bad records go to `reading.rejects`.
        """
