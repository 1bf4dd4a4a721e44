"""The table of columns on the page: what stands in each, what became of it, and why."""

from __future__ import annotations

from typing import Any

from stoker.data.profile.choice import Choice
from stoker.data.profile.column import ColumnProfile
from stoker.data.profile.missing import missing_cells
from stoker.report._format import number, percent, shortened
from stoker.report._svg import spark
from stoker.report.facts import ReportFacts

MOST_COLUMNS = 300
DIFFERENT = 0.1
"""Share of cells that would have to change for a part to look like the training part, from which
on it is pointed at."""
_MOST_VALUES = 3


def column_rows(facts: ReportFacts) -> list[dict[str, Any]]:
    """One row for each column, in the order of the table; at most 300."""
    choices = {one.column: one for one in facts.choices}
    profiles = {one.name: one for one in facts.profile.columns} if facts.profile else {}
    names = list(facts.data.columns) or list(profiles)
    return [
        {
            "name": name,
            "stored": facts.data.columns.get(name, ""),
            "used": _used(facts, name),
            **_chosen(facts, name, choices.get(name)),
            **_seen(profiles.get(name), choices.get(name)),
        }
        for name in names[:MOST_COLUMNS]
    ]


def unused_columns(facts: ReportFacts) -> list[tuple[str, str]]:
    """Columns that are no inputs, each with the reason, in the order of the table."""
    choices = {one.column: one for one in facts.choices}
    return [
        (name, _chosen(facts, name, choices[name])["why"])
        for name in list(facts.data.columns) or list(choices)
        if name in choices and _used(facts, name) == "not used"
    ]


def _used(facts: ReportFacts, name: str) -> str:
    return facts.inputs.get(name) or ("target" if name == facts.target else "not used")


def _chosen(facts: ReportFacts, name: str, choice: Choice | None) -> dict[str, str]:
    if choice is None:
        return {"kind": "", "why": "", "change": ""}
    is_obeyed = (choice.feature is None) == (name not in facts.inputs)
    if is_obeyed:
        return {"kind": choice.kind, "why": choice.why, "change": choice.change}
    said = "the recipe names it" if name in facts.inputs else "it is not named under inputs"
    return {"kind": choice.kind, "why": said, "change": choice.change}


def _seen(column: ColumnProfile | None, choice: Choice | None) -> dict[str, Any]:
    if column is None:
        return {"missing": "", "distinct": "", "shows": "", "spark": "", "different": ""}
    missing = missing_cells(column, None if choice is None else choice.feature)
    return {
        "missing": percent(missing / column.rows) if column.rows else "",
        "distinct": number(column.distinct),
        "shows": _values(column),
        "spark": _histogram(column),
        "different": _different(column),
    }


def _values(column: ColumnProfile) -> str:
    """The range of numbers, or the most frequent values."""
    numbers = column.numbers
    if numbers is not None and not numbers.is_time and not column.texts:
        return f"{number(numbers.low)} to {number(numbers.high)}"
    first = column.frequent[:_MOST_VALUES]
    return ", ".join(f"{shortened(value, 24)} ({cells:,})" for value, cells in first)


def _histogram(column: ColumnProfile) -> Any:
    numbers = column.numbers
    if numbers is not None and numbers.histogram is not None:
        low, high = number(numbers.low), number(numbers.high)
        return spark(numbers.histogram.counts, f"histogram from {low} to {high}")
    if len(column.frequent) > 1:
        return spark([cells for _, cells in column.frequent], "cells of the most frequent values")
    return ""


def _different(column: ColumnProfile) -> str:
    """Parts of the split that look unlike the training part."""
    found = [
        f"{part}: {percent(facts.difference)}"
        for part, facts in column.parts.items()
        if facts.difference is not None and facts.difference >= DIFFERENT
    ]
    return ", ".join(found)
