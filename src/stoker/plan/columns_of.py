"""Which columns the sources of a recipe have, as far as that can be seen without reading them.

A header, a footer or the options of a source tell; JSON Lines tell if the whole file is small, as a
key may turn up in the last line.  Where nothing tells, nothing is said, and the columns are known
when the sources have been read.

Cost: one open of the first file and its first block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stoker.cells import MediaKind
from stoker.data.acquire import Source


@dataclass(frozen=True)
class KnownColumns:
    """What a dataset has."""

    names: tuple[str, ...]
    media: Mapping[str, MediaKind]
    """Those that hold files, with what they are."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Those that a source has and does not read, with the reason."""


def columns_of(source: Source, project: Path, cache: Path) -> KnownColumns | None:
    """The columns of a source, or None where they cannot be seen cheaply.

    Args:
        source: The source.
        project: Folder where relative paths start.
        cache: Folder for downloads.

    Raises:
        DataError: If a file is missing, or what it begins with will not do.
    """
    seen = source.seen_columns(project, cache)
    if not seen:
        return None
    return KnownColumns(
        tuple(column.name for column in seen if not column.left_out),
        {column.name: column.media for column in seen if column.media},
        {column.name: column.left_out for column in seen if column.left_out},
    )
