"""All probes of one model, as one plain value."""

from __future__ import annotations

from stoker.core.steps import Step
from stoker.evaluate.probes import Subject
from stoker.evaluate.probes.effects import MOST_COLUMNS, Effect, effects
from stoker.evaluate.probes.importance import Importance, importance
from stoker.evaluate.probes.slices import Slice, worst_slices
from stoker.evaluate.probes.thresholds import Tenth, Threshold, lift, thresholds

MOST_ROWS = 20_000


class Findings(Step):
    """What was found on validation rows."""

    part: str = "validation"
    rows: int = 0
    """Rows that were looked at."""
    importance: tuple[Importance, ...] = ()
    effects: tuple[Effect, ...] = ()
    not_drawn: tuple[str, ...] = ()
    """Important columns without an effect to draw, as no value stands for all of their parts."""
    slices: tuple[Slice, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    lift: tuple[Tenth, ...] = ()


def look_closer(subject: Subject) -> Findings:
    """Ask a model with every probe."""
    asked = subject.drawn(MOST_ROWS, purpose=0)
    ranked = importance(asked)
    first = [one.column for one in ranked] or list(asked.vectors)
    return Findings(
        rows=len(asked.target_N),
        importance=ranked,
        effects=effects(asked, first),
        not_drawn=tuple(
            name
            for name in first[:MOST_COLUMNS]
            if asked.columns[name].ndim == 2 and name not in asked.calendar
        ),
        slices=worst_slices(asked),
        thresholds=thresholds(asked),
        lift=lift(asked),
    )
