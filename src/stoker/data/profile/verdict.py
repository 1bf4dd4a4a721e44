"""What a rule answers, and the few facts that several rules ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stoker.cells.spelling import told_apart, whole_as_one
from stoker.data.profile.column import ColumnProfile

_FEW_VALUES = 10
_LEAST_REPEATED = 4
_LEAST_FOR_CODES = 2
_MOST_LEVELS = 100_000
_LONGEST_COMPARED = 40
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """What a column is."""

    kind: str
    feature: dict[str, dict[str, Any]] | None
    """The feature as a recipe names it; None: the column is left out."""
    why: str
    is_notable: bool = False
    """Whether a user should be told without asking."""
    instead: str = ""
    """The feature that one may want instead, as YAML; empty: the usual one."""
    is_doubtful: bool = False
    """Whether it is left out although it seems to tell something."""


def is_category(column: ColumnProfile, *, generous: bool = False) -> bool:
    """Whether values repeat often enough to learn something of each.

    Args:
        column: What was counted.
        generous: Whether twice is enough, as for short codes and where the file says so.
    """
    least = _LEAST_FOR_CODES if generous else _LEAST_REPEATED
    return column.distinct <= min(_MOST_LEVELS, max(_FEW_VALUES, column.present // least))


def as_category(column: ColumnProfile, why: str = "", *, instead: str = "") -> Verdict:
    """A category, with how many values it has."""
    alike, apart = spelled_alike(column), spelled_apart(column)
    said = "; ".join(filter(None, (levels(column), why, alike, apart)))
    folded = "{category: {fold: true}}" if alike else ""
    return Verdict("category", {"category": {}}, said, bool(apart), instead or folded)


def spelled_alike(column: ColumnProfile, step: str = "category") -> str:
    """Which values may be spellings of one, and what to write if they are; empty: none.

    Args:
        column: What was counted; cells are compared without blanks around them.
        step: What reads them, `category` or `classify`.
    """
    pairs = () if column.texts is None else column.texts.alike
    shown = [f"{a.strip()!r} and {b.strip()!r}" for a, b in pairs if a.strip() != b.strip()]
    if not shown:
        return ""
    written = f"{{{step}: {{fold: true}}}}"
    return f"some differ in case, width or blanks only: {shown[0]}; {written} makes one of them"


def spelled_apart(column: ColumnProfile) -> str:
    """Which values are one but for how their digits are written, such as `1` and `01`; empty: none.

    Args:
        column: What was counted; the most frequent values are compared.
    """
    if column.texts is None or column.texts.longest > _LONGEST_COMPARED:
        return ""
    names = whole_as_one({text.strip(): cells for text, cells in column.frequent if text.strip()})
    pairs = told_apart(names)
    if not pairs:
        return ""
    shown = ", ".join(f"{one!r} and {other!r}" for one, other in pairs[:_MOST_SHOWN])
    return f"{shown} stay values of their own; write one in the data if they mean the same"


def levels(column: ColumnProfile) -> str:
    """How many values there are in how many rows; blanks are none, as they are read so."""
    blank = [cells for text, cells in column.frequent if not text.strip()]
    values, rows = column.distinct - len(blank), column.present - sum(blank)
    if column.texts is not None and len(column.frequent) == column.distinct:
        count = dict(column.frequent)
        values -= len(count) - len(whole_as_one(count))
    return f"{values:,} different values in {rows:,} rows"
