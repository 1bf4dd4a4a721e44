"""Check a recipe and its data, and print the plan; write nothing.

Every mistake of the recipe is answered with its line and what was expected. A table of up to 256 MB
is read and prepared in a temporary folder, so that what a run would refuse is refused here; of
pictures and larger tables headers, footers and rows read earlier tell.

What the recipe makes of the columns is printed in short; --columns lists each with its kind, the
reason, what it would be without the recipe, and the line to write to have it otherwise. The plan
lists each stage, whether its result is already there, the rows it sees, and the time and memory it
may take.

Before the first run these come from a quick look: rows are counted in headers, footers and folders,
or guessed from the beginning of a text file; time follows from built-in rates and the speed of this
machine, and is rough: within a factor of five either way. After a run the measured times are
scaled instead.

Examples:
    stoker check
    stoker check digits.yaml --set train.preset=fast
    stoker check --columns
    stoker check digits.yaml --json
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, JSON, RECIPE, SET
from stoker.core.own_code import import_options

if TYPE_CHECKING:
    from stoker.plan.forecast import PlannedStage, RunPlan

_MOST_DOUBTS = 6
_TIME_FROM = {"rates": "rough guess", "runs": "earlier runs", "budget": "train.budget"}


@click.command("check", cls=Verb, help=__doc__)
@RECIPE
@SET
@HOME
@click.option("--columns", is_flag=True, help="List every column with the reason.")
@IMPORT
@JSON
def verb(
    recipe: Path,
    overrides: tuple[str, ...],
    home: Path | None,
    columns: bool,
    modules: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the plan as a table or as JSON."""
    from stoker.cli.machine import check_address_space

    check_address_space()
    from stoker.engine.without_pandas import leave_pandas_out

    leave_pandas_out()
    from stoker.cli.progress import make_listener
    from stoker.cli.text import json_text
    from stoker.core.events import listening
    from stoker.pipeline.run import check

    with listening(make_listener()):
        plan = check(recipe, home=home, overrides=overrides)
    if as_json:
        click.echo(json_text(as_object(plan)))
        return
    click.echo(columns_table(plan) if columns else columns_in_short(plan))
    click.echo(describe(plan))
    click.echo(
        f"\nthe recipe is sound; {len(plan.to_do)} of {len(plan.stages)} stages to do: "
        f"stoker run {recipe}"
        if plan.to_do
        else "\nthe recipe is sound and everything is done already"
    )


def as_object(plan: RunPlan) -> dict[str, object]:
    """The plan for scripts: stages, and a choice for each column where the data was read."""
    from dataclasses import asdict, replace

    choices = plan.choices
    said = None if choices is None else choices.model_dump(mode="json")
    return {**asdict(replace(plan, choices=None)), "choices": said}


def columns_in_short(plan: RunPlan) -> str:
    """How many columns become what, and which are left out."""
    from stoker.cli.verbs.data import in_doubt
    from stoker.core.names import listed
    from stoker.data.profile.inputs import listed_by_feature

    if plan.choices is None:
        return f"columns  {plan.not_read}\n"
    chosen = plan.choices.inputs()
    out = [one.column for one in plan.choices.columns if one.feature is None]
    lines = [f"columns  {listed_by_feature(chosen) or 'none can serve as an input'}"]
    if out:
        lines.append(f"         {len(out)} left out ({listed(out, 6)})")
    doubts = in_doubt(plan.choices.columns)
    lines += [f"not sure {line}" for line in doubts[:_MOST_DOUBTS]]
    if len(doubts) > _MOST_DOUBTS:
        lines.append(f"         {len(doubts) - _MOST_DOUBTS} more: stoker check --columns")
    target = plan.choices.target
    if target is not None:
        lines.append(f"target   {target.column!r}: {target.why}")
    lines.append("         stoker check --columns lists each with the reason\n")
    return "\n".join(lines)


def columns_table(plan: RunPlan) -> str:
    """Every column: what it is, what it becomes, why, and what to write to have it otherwise."""
    from stoker.cli.text import table

    if plan.choices is None:
        return columns_in_short(plan)
    target = [] if plan.choices.target is None else [plan.choices.target]
    rows = [
        (one.column, one.kind, one.written, one.why, one.change)
        for one in [*plan.choices.columns, *target]
    ]
    return table(["column", "kind", "becomes", "why", "to change it write"], rows) + "\n"


def describe(plan: RunPlan) -> str:
    """The plan as a table, and what its guesses rest on."""
    from stoker.cli.text import table

    head = ["stage", "state", "rows", "time", "time from", "memory"]
    text = table(head, [_row(stage) for stage in plan.stages])
    notes = _notes(plan)
    return f"{text}\n\n{notes}" if notes else text


def _row(stage: PlannedStage) -> tuple[object, ...]:
    from stoker.cli.text import about, rough_size
    from stoker.core.words import rough_duration

    rows = stage.rows
    return (
        stage.name,
        stage.status,
        rows if rows is None or stage.rows_exact else about(f"{float(f'{rows:.2g}'):,.0f}"),
        about(rough_duration(stage.seconds)) if stage.seconds else None,
        _TIME_FROM[stage.seconds_from] if stage.seconds_from else None,
        about(rough_size(stage.memory_bytes)) if stage.memory_bytes else None,
    )


def _notes(plan: RunPlan) -> str:
    """What is to do in all, how far the guesses can be trusted, and what the bundle will need."""
    if not plan.imports:
        return _guesses(plan)
    own = f"bundle  will hold code of yours: serve and predict need{import_options(plan.imports)}"
    return "\n".join(filter(None, [_guesses(plan), own]))


def _guesses(plan: RunPlan) -> str:
    from stoker.cli.text import rough_size
    from stoker.core.words import rough_duration

    if not plan.to_do:
        return ""
    known = [stage.seconds for stage in plan.to_do if stage.seconds]
    time = f"about {rough_duration(sum(known))} in all"
    if not known:
        time = "nobody can tell before the data is read"
    elif len(known) < len(plan.to_do):
        time += ", without the stages that show a dash"
    if any(stage.seconds_from == "rates" for stage in plan.to_do):
        time += (
            "; a rough guess is good to a factor of five, if nothing else keeps the machine busy"
        )
    lines = [f"time    {time}"]
    if plan.gflops is not None and any(s.name == "train" for s in plan.to_do):
        lines.append(f"        (matrix products run at {plan.gflops:.0f} GFLOP/s here)")
    largest = rough_size(max(stage.memory_bytes or 0 for stage in plan.to_do))
    lines.append(
        f"memory  about {largest} at most, as stages run one after the other; each holds its "
        "libraries and its largest input"
    )
    if any(stage.rows is None and stage.name == "acquire" for stage in plan.stages):
        lines.append("rows    are known when the sources have been read")
    return "\n".join(lines)
