"""Cells: what a raw cell means, before any step decides what becomes of it.

Texts as numbers, moments, booleans and categories, files as pictures: features, cleaners, tasks,
the profile, the report and the server all ask here, so that one spelling has one meaning.

Imports numpy and pyarrow, never torch: a server loads this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["image"]
"""What a file is whose bytes are a cell; columns without one hold values."""


@dataclass(frozen=True)
class BadCell:
    """A raw cell that cannot become a tensor."""

    index: int
    """Position in the column that was given, from 0."""
    found: str
    """What stands there, shortened."""
    reason: str
    """Why it will not do, and what would."""
