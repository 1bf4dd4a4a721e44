"""How large data is, as far as a quick look tells: of one source, and of all of a recipe.

Cost: arithmetic; the looks are those of the sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

PictureShape = tuple[int, int, int]
"""Channels, height and width."""


@dataclass(frozen=True)
class SourceExtent:
    """What a quick look at one source tells."""

    rows: int | None
    """About how many; None if its files do not tell."""
    exact: bool
    """Whether they were counted and not guessed from a part."""
    size_bytes: int | None
    """Of all its files; None if it has none, and nobody knows."""
    num_files: int
    num_columns: int
    """The source's own; 1 for pictures."""
    picture: PictureShape | None = None
    """The commonest size of its pictures, if there are any."""
    encoded: bool = False
    """Whether its pictures have to be decoded (IDX pixels need not)."""
    classes: int | None = None
    """Classes, where folders or labels tell."""


def size_of(files: Sequence[Path]) -> SourceExtent:
    """What the sizes of files tell, and nothing more."""
    return SourceExtent(
        rows=None,
        exact=False,
        size_bytes=sum(path.stat().st_size for path in files) if files else None,
        num_files=len(files),
        num_columns=1,
    )


@dataclass(frozen=True)
class Extent:
    """How large the work of a recipe is: all its sources together."""

    rows: int
    exact: bool
    """Whether every row was counted."""
    size_bytes: int
    num_files: int
    num_columns: int
    picture: PictureShape | None
    encoded: bool
    classes: int | None
    parts: dict[str, int]
    """Rows of `train`, `validation` and `test`."""

    @property
    def picture_bytes(self) -> float:
        """Mean size of a picture file, 0 where nothing has to be decoded."""
        return self.size_bytes / max(1, self.rows) if self.encoded else 0.0


def together(
    looks: Sequence[SourceExtent],
    decreed: Sequence[str | None],
    *,
    test: float,
    validation: float,
) -> Extent | None:
    """Add up what the sources tell; None if one of them does not tell its rows.

    Args:
        looks: One for each source.
        decreed: The part that each source says its rows belong to; None: the split says it.
        test: Share of rows that the split keeps for the test.
        validation: Share of rows that the split keeps for validation.
    """
    if any(one.rows is None for one in looks):
        return None
    rows = [one.rows or 0 for one in looks]
    classes = [one.classes for one in looks if one.classes]
    return Extent(
        rows=sum(rows),
        exact=all(one.exact for one in looks),
        size_bytes=sum(one.size_bytes or 0 for one in looks),
        num_files=sum(one.num_files for one in looks),
        num_columns=round(fmean(one.num_columns for one in looks)),
        picture=next((one.picture for one in looks if one.picture), None),
        encoded=any(one.encoded for one in looks),
        classes=max(classes) if classes else None,
        parts=_parts(rows, decreed, test, validation),
    )


def _parts(
    rows: Sequence[int], decreed: Sequence[str | None], test: float, validation: float
) -> dict[str, int]:
    """Rows of each part: those that sources decree, and the shares of the others."""
    counts = Counter[str]()
    for count, part in zip(rows, decreed, strict=True):
        counts[part or ""] += count
    left = counts.pop("", 0)
    shares = {"test": test, "validation": validation}
    found = {part: counts[part] or round(left * share) for part, share in shares.items()}
    found["train"] = max(0, left + sum(counts.values()) - sum(found.values()))
    return found
