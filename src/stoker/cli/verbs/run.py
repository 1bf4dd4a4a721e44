"""Run a recipe: from raw data to a bundle and its report.

Stages whose inputs did not change are taken from the home; a run that was killed goes on where it
stopped. The test rows are scored once, at the end. A gate that is missed ends with exit code 3 and
leaves the report to read.

Progress goes to stderr. With --json the last thing on stdout is one object with run, status,
bundle, report, metrics and the seconds of each stage.

Examples:
    stoker run
    stoker run digits.yaml --set train.epochs=3 --set train.preset=fast
    stoker run digits.yaml --until prepare
    stoker run digits.yaml --json > result.json
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, RECIPE, SET

if TYPE_CHECKING:
    from stoker.pipeline.run import RunResult


@click.command("run", cls=Verb, help=__doc__)
@RECIPE
@click.option("--until", metavar="STAGE", help="Stop after this stage, such as prepare.")
@SET
@HOME
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last on stdout.")
def verb(
    recipe: Path, until: str | None, overrides: tuple[str, ...], home: Path | None, as_json: bool
) -> None:
    """Run, and say what came of it."""
    from stoker.cli.progress import make_listener
    from stoker.cli.text import json_text
    from stoker.core.events import listening
    from stoker.pipeline.run import RefusedRun, run
    from stoker.recipe.load import load_recipe

    try:
        with listening(make_listener()):
            loaded = load_recipe(recipe, overrides)
            result = run(loaded, home=home, until=until, overrides=overrides)
    except RefusedRun as refusal:
        if as_json:
            click.echo(json_text(as_object(refusal.result)))
        raise
    click.echo(json_text(as_object(result)) if as_json else describe(result, loaded.name))


def as_object(result: RunResult) -> dict[str, object]:
    """The JSON object that scripts read."""
    keys = ("run", "status", "model", "bundle", "report", "metrics", "seconds")
    return {key: getattr(result, key) for key in keys}


def describe(result: RunResult, name: str) -> str:
    """What came of a run, for people: metrics, seconds, and where to go next."""
    from stoker.cli.text import duration, interval

    spent = duration(sum(result.seconds.values()))
    lines = [f"run {result.run}: {result.status} in {spent}"]
    lines += [
        f"  {metric_name:<18} {interval(metric)}" for metric_name, metric in result.metrics.items()
    ]
    if result.report:
        lines.append(f"  report  {result.report}")
    if result.bundle:
        lines += [f"  bundle  {result.bundle}", f"  next    stoker serve {result.model or name}"]
    return "\n".join(lines)
