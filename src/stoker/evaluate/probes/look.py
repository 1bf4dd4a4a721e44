"""All probes of one model, as one plain value."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from stoker.core.value import Value
from stoker.evaluate.probes import Probed
from stoker.evaluate.probes.effects import MOST_COLUMNS, Effect, effects
from stoker.evaluate.probes.importance import Importance, importance
from stoker.evaluate.probes.slices import Slice, worst_slices
from stoker.evaluate.probes.thresholds import Tenth, Threshold, lift, thresholds

MOST_ROWS = 20_000


class Findings(Value):
    """What was found on validation rows."""

    part: str = "validation"
    rows: int = 0
    """Rows that were looked at."""
    all_rows: int = 0
    """Rows of the part, of which they are drawn if these are more."""
    importance: tuple[Importance, ...] = ()
    effects: tuple[Effect, ...] = ()
    not_drawn: tuple[str, ...] = ()
    """Important columns without an effect to draw."""
    why_not_drawn: dict[str, str] = Field(default_factory=dict)
    """The reason of each."""
    slices: tuple[Slice, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    lift: tuple[Tenth, ...] = ()


def look_closer(subject: Probed) -> Findings:
    """Ask a model with every probe."""
    asked = subject.drawn(MOST_ROWS, purpose=0)
    ranked = importance(asked)
    first = [one.column for one in ranked] or list(asked.vectors)
    drawn = effects(asked, first)
    shown = {one.column for one in drawn}
    why = {name: _why_not(asked, name) for name in first[:MOST_COLUMNS] if name not in shown}
    return Findings(
        rows=len(asked.target_N),
        all_rows=len(subject.target_N),
        importance=ranked,
        effects=drawn,
        not_drawn=tuple(why),
        why_not_drawn=why,
        slices=worst_slices(asked),
        thresholds=thresholds(asked),
        lift=lift(asked),
    )


def _why_not(asked: Probed, name: str) -> str:
    """Why a column that the model leans on has no picture."""
    value = asked.arrays.get(name)
    if value is None or (value.ndim == 2 and name not in asked.calendar):
        return "a text is many numbers, and no single value stands for all of them"
    known = value[np.isfinite(value)] if np.issubdtype(value.dtype, np.floating) else value
    if value.ndim == 1 and len(np.unique(known)) < 2:
        return "all cells that were looked at hold one value or none, so only a gap tells"
    return f"{MOST_COLUMNS} pictures are drawn, and moments before it have two"
