"""What to say of values that may mean that nothing is known, and the line that makes it so.

Cost: microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stoker.cells.raw import MISSING_NUMBERS
from stoker.data.profile.choice import feature_yaml, missing_yaml, quoted
from stoker.data.profile.column import ColumnProfile

_STEPS = ("number", "timestamp", "regress")


@dataclass(frozen=True)
class Apart:
    """Values apart from all others, and the step that reads them as missing."""

    said: str
    step: dict[str, dict[str, Any]]
    line: str
    """As a recipe has it."""


def told_apart(column: ColumnProfile, step: dict[str, dict[str, Any]] | None) -> Apart | None:
    """What a column has apart from its other values; None: nothing, or the step knows it.

    Args:
        column: What was counted.
        step: The feature or task that reads it, with its options.
    """
    if column.numbers is None or not column.numbers.far or step is None:
        return None
    ((name, options),) = step.items()
    new = [(text, cells) for text, cells in column.numbers.far if not _is_known(text, options)]
    if not new or name not in _STEPS:
        return None
    usual = MISSING_NUMBERS if column.texts is not None and column.texts.marks else ()
    words = [text for text, _ in new]
    wanted = {name: {**options, "missing": [*options.get("missing", usual), *words]}}
    stand = " and ".join(f"{text!r} stands {cells:,} times" for text, cells in new)
    means = "if it means" if len(new) == 1 else "if they mean"
    option = missing_yaml(name, wanted[name]["missing"])
    said = (
        f"{stand}, apart from all other values; {means} that nothing is known write missing: "
        f"{option}"
    )
    line = f"{quoted(column.name)}: {feature_yaml(wanted)}"
    return Apart(said, wanted, f"target: {{{line}}}" if name == "regress" else line)


def _is_known(text: str, options: dict[str, Any]) -> bool:
    words = {word.strip().casefold() for word in options.get("missing", ())}
    return text.casefold() in words or _number(text) in set(map(_number, words)) - {None}


def _number(text: str) -> float | None:
    """The number that a word is; None: it is none."""
    try:
        return float(text)
    except ValueError:
        return None
