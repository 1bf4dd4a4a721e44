"""Tell which inputs were chosen where the recipe names none, and why columns are left out.

The choices are those of `stoker.data.profile`, made over all rows; a recipe that names its `inputs`
is never second-guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.core import events
from stoker.data.profile.choices import Choices, require_inputs

SHOWN = 6
_MOST_TOLD = 20


def chosen_inputs(choices: Choices) -> dict[str, dict[str, dict[str, Any]]]:
    """The feature of each column, after telling what is left out or was not sure.

    Raises:
        DataError: If no column is usable.
    """
    lines = [
        f"column {one.column!r}{'' if one.feature else ' is not used'}: {one.why}"
        + f"; to have it otherwise write `{one.change}` under inputs" * (one.kind != "empty")
        for one in choices.columns
        if one.is_notable
    ]
    for line in lines[:_MOST_TOLD]:
        events.warning(line)
    if len(lines) > _MOST_TOLD:
        events.warning(
            f"{len(lines) - _MOST_TOLD} more columns are not used or not sure; "
            "`stoker check --columns` lists all of them"
        )
    require_inputs(choices)
    chosen = choices.inputs()
    events.message(f"inputs were not named; chose {listed_by_feature(chosen)}")
    return chosen


def listed_by_feature(chosen: Mapping[str, Mapping[str, object]]) -> str:
    """Columns by feature, such as `3 number (a, b, c)`."""
    names: dict[str, list[str]] = {}
    for column, feature in chosen.items():
        names.setdefault(next(iter(feature)), []).append(column)
    return "; ".join(
        f"{len(columns)} {feature} ({', '.join(columns[:SHOWN])}{', ...' * (len(columns) > SHOWN)})"
        for feature, columns in names.items()
    )
