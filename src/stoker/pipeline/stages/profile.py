"""Profile: count what stands in every column, by part, and choose what becomes of each."""

from __future__ import annotations

from typing import Any

from stoker.core import events
from stoker.core.names import listed
from stoker.data.dataset import Dataset
from stoker.data.profile.choices import Choices, choose
from stoker.data.profile.column import Profile
from stoker.data.profile.judge_target import why_absurd
from stoker.data.profile.measure import profile_table
from stoker.data.profile.relations import relations
from stoker.data.profile.twins import find_twins
from stoker.data.profile.written import misread
from stoker.engine.table_file import read_table
from stoker.pipeline.node import Work

_REMEDIES = {
    "time": "data.split.time tests on the newest rows",
    "group": "data.split.group keeps the rows of each in one part",
}


def profile_rows(work: Work) -> dict[str, Any]:
    """Write `profile.json` and `choices.json`."""
    dataset = Dataset.open(work.inputs["acquire"].folder)
    rows, target = work.inputs["clean"].folder / "rows.parquet", work.fields["target"]
    profile = profile_table(
        rows,
        declared=dataset.declared,
        media=dataset.media_columns,
        parts_path=work.inputs["split"].folder / "parts.parquet",
        decimal=dataset.usual_decimal,
    )
    kept_out = left_out(work.fields["divided_by"], dataset.row_numbers)
    choices = choose(profile, target, left_out=kept_out)
    twins = tuple(find_twins(profile, rows, target))
    _warn(profile, choices, twins, work)
    if not work.fields["divided_by"] and not _is_given(dataset):
        for one in relations(profile, target):
            events.warning(f"{one.why}: {_REMEDIES[one.key]}")
    profile.write(work.folder)
    choices.model_copy(update={"twins": twins}).write(work.folder)
    return {"rows": profile.rows, "columns": len(profile.columns), "inputs": len(choices.inputs())}


def _is_given(dataset: Dataset) -> bool:
    """Whether a source says of all its rows which part they are in."""
    rows_path = dataset.rows_path
    return bool(read_table(rows_path, ["_part"])["_part"].null_count == 0)


def _warn(profile: Profile, choices: Choices, twins: tuple[str, ...], work: Work) -> None:
    """Say what is absurd about the target, and which inputs are the target again."""
    target = work.fields["target"]
    column = profile.column(target)
    absurd = why_absurd(column, work.fields["task"]) if column is not None else None
    if absurd:
        events.warning(f"target {target!r}: {absurd}")
    _warn_of_misread(profile, work)
    inputs = work.fields["inputs"] or choices.inputs()
    same = [name for name in twins if name in inputs]
    if same:
        events.warning(
            f"{listed(same)}: each value stands for one value of the target {target!r}, so the "
            "model would only copy it; if it is not known when the model is asked, name the inputs "
            "without it"
        )


def _warn_of_misread(profile: Profile, work: Work) -> None:
    """Say where the recipe reads `1.542` as a fraction and the whole column says a thousand."""
    for name, decimal in work.fields["decimals"].items():
        column = profile.column(name)
        step = "regress" if name == work.fields["target"] else "number"
        wrong = None if column is None else misread(column, decimal, step)
        if wrong:
            events.warning(f"column {name!r}: {wrong}")


def left_out(divided_by: dict[str, str], row_numbers: tuple[str, ...]) -> dict[str, str]:
    """Columns that are no inputs whatever they hold, with the reason.

    Args:
        divided_by: Columns by which rows are divided, with the key of the recipe that says so.
        row_numbers: Columns that only number the rows, as a source says.
    """
    named = dict.fromkeys(row_numbers, "it had no name and only numbers the rows")
    for name, key in divided_by.items():
        named[name] = f"{key} divides the rows by it; name it under inputs to keep it"
    return named
