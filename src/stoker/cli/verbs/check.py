"""Check a recipe and print the plan, without doing any work.

Every mistake of the recipe is answered with its line and what was expected. The plan lists each
stage, whether its result is already there, the rows it sees, and the time and memory it may take.

Examples:
    stoker check
    stoker check digits.yaml --set train.preset=fast
    stoker check digits.yaml --json
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, JSON, RECIPE, SET


@click.command("check", cls=Verb, help=__doc__)
@RECIPE
@SET
@HOME
@JSON
def verb(recipe: Path, overrides: tuple[str, ...], home: Path | None, as_json: bool) -> None:
    """Print the plan as a table or as JSON."""
    from dataclasses import asdict

    from stoker.cli.progress import make_listener
    from stoker.cli.text import duration, json_text, size, table
    from stoker.core.events import listening
    from stoker.pipeline.run import check

    with listening(make_listener()):
        plan = check(recipe, home=home, overrides=overrides)
    if as_json:
        click.echo(json_text({"stages": [asdict(stage) for stage in plan.stages]}))
        return
    rows = [
        (
            stage.name,
            stage.status,
            stage.rows,
            duration(stage.seconds) if stage.seconds else None,
            size(stage.memory_bytes) if stage.memory_bytes else None,
        )
        for stage in plan.stages
    ]
    click.echo(table(["stage", "state", "rows", "time", "memory"], rows))
    to_do = sum(stage.status != "cached" for stage in plan.stages)
    click.echo(
        f"\nthe recipe is sound; {to_do} of {len(rows)} stages to do: stoker run {recipe}"
        if to_do
        else "\nthe recipe is sound and everything is done already"
    )
