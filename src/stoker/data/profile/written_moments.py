"""How a column of text writes its moments, with what has to be told about it.

A few words among days (`k.A.`) and days of zeros or nines only (`0000-00-00`) mean "no value"; they
become `missing` and are told.  A day that no calendar has (`31.02.2023`) was meant to be one, so it
never means "no value": its row is rejected, and that is told.

Cost: microseconds.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from stoker.cells.raw import MISSING_NUMBERS
from stoker.core.events import counted
from stoker.data.profile.column import TimeReading

_MOSTLY = 0.8
_LEAST_READ = 0.98
"""Share of texts with digits that have to be moments, so that the rows of others may go."""
_FEW_TEXTS = 10
_NO_DAY = re.compile(r"[^0-9]*(?:0+[^0-9]*)+|[^0-9]*(?:9+[^0-9]*)+|[^0-9]*", re.ASCII)
"""No digits, zeros or nines."""
_MOST_NAMED = 5


class WrittenMoments(NamedTuple):
    """How moments are written."""

    options: dict[str, Any]
    """What `timestamp` has to know of cells that are none."""
    notes: tuple[str, ...]
    """What a user should be told."""


def written_moments(time: TimeReading, wanted: int) -> WrittenMoments | None:
    """What is to be said of cells among moments that are none; None if they are too many.

    Args:
        time: How the moments are written.
        wanted: Cells that are not missing by their spelling.

    >>> time = TimeReading(order="year_first", cells=97, example="2024-01-31",
    ...                    odd=(("k.A.", 2), ("2024-02-31", 1)), num_odd=2)
    >>> written_moments(time, 100).notes[1]
    "1 cell such as '2024-02-31' is no day or time and its row is rejected"
    """
    words = tuple(one for one in time.odd if _NO_DAY.fullmatch(one[0]))
    in_words = sum(cells for _, cells in words)
    others = wanted - time.cells - in_words
    is_enough = time.cells >= _MOSTLY * wanted
    if not is_enough or len(words) > _FEW_TEXTS or time.cells < _LEAST_READ * (wanted - in_words):
        return None
    notes = []
    if words:
        named = ", ".join(f"{text!r} {cells:,}" for text, cells in words[:_MOST_NAMED])
        notes.append(f"few texts ({named}) are taken to mean that nothing is known")
    if others:
        example = next((text for text, _ in time.odd if (text, _) not in words), "")
        such = f" such as {example!r}" if example else ""
        are = ("is", "its row is") if others == 1 else ("are", "their rows are")
        notes.append(
            f"{counted(others, 'cells')}{such} {are[0]} no day or time and {are[1]} rejected"
        )
    options = {"missing": [*MISSING_NUMBERS, *(text for text, _ in words)]} if words else {}
    return WrittenMoments(options, tuple(notes))
