"""Acquire: read raw data of any form into one dataset with row ids and sources.

What every source promises: each record of its files is either a row or a reject with file, line,
column and reason; two reads of the same files give equal rows in equal order; nothing of what it
reads is executed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stoker.core.steps import Step

if TYPE_CHECKING:
    import pyarrow as pa

    from stoker.data.dataset import Reading
    from stoker.data.text_cells import TextCells


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
    media: bool = False
    """Whether its cells are pictures."""


class Source(Step, ABC):
    """A step that reads raw data."""

    part: Literal["train", "validation", "test"] | None = None
    """Rows of this source belong to this part of the split; absent: the split decides."""

    licence: str | None = None
    """Licence of the data, kept with every row's source and shown in the report."""

    def paths(self) -> tuple[str, ...]:
        """The paths that the recipe names, as written; `package` unpacks these and no more.

        Absent: a package is unpacked whole.
        """
        return ()

    def text_cells(self) -> TextCells | None:
        """How its text is read, which the bundle repeats; None where cells have types."""
        return None

    def usual_decimal(self) -> str:
        """The sign before fractions that the form of its files suggests; empty: none."""
        return ""

    def media_columns(self) -> tuple[str, ...]:
        """Columns whose cells are numbers that `reading.media.add` returned."""
        return ()

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

    @abstractmethod
    def files(self, project: Path, cache: Path) -> list[Path]:
        """Every file the rows come from; their contents are part of the fingerprint.

        Args:
            project: Folder of the recipe; relative paths start there.
            cache: Folder for downloads, kept between runs.

        Raises:
            DataError: If one is missing or is not a regular file that can be read.
        """

    @abstractmethod
    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows, in order, some thousands at a time.

        Each table has the source's own columns plus `_source` (string: the file as the user knows
        it) and `_line` (int64: line or record of that file, from 1).  A media column holds the
        int64 numbers that `reading.media.add` returned.  Bad records go to `reading.rejects`.
        """
