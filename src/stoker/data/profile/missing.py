"""Count what is read as missing: empty cells, and words that a feature takes to mean "no value".

A profile counts cells before anybody chose what reads them, and a `-` is missing among numbers and
a value among categories.  So what is shown beside a choice is counted here.

Cost: microseconds.
"""

from __future__ import annotations

from typing import Any

from stoker.cells.raw import MISSING_NUMBERS
from stoker.data.profile.column import ColumnProfile, TextFacts

_STEPS = ("number", "timestamp", "boolean", "regress")


def missing_cells(column: ColumnProfile, feature: dict[str, dict[str, Any]] | None) -> int:
    """Cells that are read as missing.

    Args:
        column: What was counted.
        feature: What reads it; None: nothing does.
    """
    return column.missing + sum(missing_words(column, feature).values())


def missing_words(
    column: ColumnProfile, feature: dict[str, dict[str, Any]] | None
) -> dict[str, int]:
    """Words that are read as missing, with their cells, commonest first; blanks are among them.

    Args:
        column: What was counted.
        feature: What reads it; None: nothing does.
    """
    texts = column.texts
    step = "" if feature is None else next(iter(feature))
    if texts is None or feature is None or step not in (*_STEPS, "category"):
        return {}
    usual = () if step == "category" else MISSING_NUMBERS
    words = {word.strip().casefold() for word in feature[step].get("missing", usual)} | {""}
    found: dict[str, int] = {}
    for text, cells in _listed(column, texts):
        if text.strip().casefold() in words:
            found[text.strip()] = cells
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _listed(column: ColumnProfile, texts: TextFacts) -> tuple[tuple[str, int], ...]:
    """Texts of which the profile knows how many cells there are."""
    read = () if texts.number is None else (*texts.number.words, *texts.number.odd)
    days = () if texts.time is None else texts.time.odd
    return (*column.frequent, *texts.others, *days, *read, *texts.mark_words)
