"""Run a recipe: from raw data to a bundle and its report.

Stages whose inputs did not change are taken from the home; a run that was killed goes on where it
stopped. The test rows are scored once, at the end. A gate that is missed ends with exit code 3 and
leaves the report to read.

Progress goes to stderr. With --json the last thing on stdout is one object with run, status,
model, bundle, report, metrics, the seconds of each stage, a summary and every warning.

Examples:
    stoker run
    stoker run digits.yaml --set train.epochs=3 --set train.preset=fast
    stoker run digits.yaml --until prepare
    stoker run digits.yaml --json > result.json
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, RECIPE, SET

if TYPE_CHECKING:
    from stoker.pipeline.result import RunResult

_OF_POSITIVE = ("precision", "recall", "f1", "pr_auc")
"""Metrics that are another number for the other one of two classes."""


@click.command("run", cls=Verb, help=__doc__)
@RECIPE
@click.option("--until", metavar="STAGE", help="Stop after this stage, such as prepare.")
@SET
@HOME
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last on stdout.")
@IMPORT
def verb(
    recipe: Path,
    until: str | None,
    overrides: tuple[str, ...],
    home: Path | None,
    as_json: bool,
    modules: tuple[str, ...],
) -> None:
    """Run, and say what came of it."""
    from stoker.cli.machine import check_address_space

    check_address_space()
    from stoker.engine.without_pandas import leave_pandas_out

    leave_pandas_out()
    from stoker.cli.progress import make_listener
    from stoker.cli.text import json_text
    from stoker.core.events import listening
    from stoker.pipeline.result import RefusedRun
    from stoker.pipeline.run import run
    from stoker.recipe.load import load_recipe

    try:
        with listening(make_listener()):
            loaded = load_recipe(recipe, overrides)
            result = run(loaded, home=home, until=until, overrides=overrides)
    except RefusedRun as refusal:
        if as_json:
            click.echo(json_text(as_object(refusal.result)))
        raise
    click.echo(
        json_text(as_object(result)) if as_json else describe(result, loaded.name, home=home)
    )


def as_object(result: RunResult) -> dict[str, object]:
    """The JSON object that scripts read."""
    return {one.name: getattr(result, one.name) for one in fields(result)}


def describe(result: RunResult, name: str, *, home: Path | None = None) -> str:
    """What came of a run, for people: the score in a sentence, metrics, and where to go next."""
    import shlex

    from stoker.cli.text import table
    from stoker.core.own_code import import_options
    from stoker.core.words import duration
    from stoker.data.option_text import set_options, source_option

    spent = duration(sum(result.seconds.values()))
    lines = [f"run {result.run}: {result.status} in {spent}"]
    if gone := result.summary.get("lost"):
        lines.append(gone["text"])
    if result.summary:
        lines += [result.summary["headline"], ""]
    if result.metrics:
        positive = result.summary.get("positive")
        rows = [_metric_row(key, one, positive) for key, one in result.metrics.items()]
        undefined = result.summary.get("undefined", {})
        rows += [(key, "undefined", None, None) for key in undefined]
        lines += table(["metric", "value", "95 % interval", "constant"], rows).splitlines()
        lines += [*(f"{key} is undefined: {why}" for key, why in undefined.items()), ""]
    option = f" --home {shlex.quote(str(home))}" if home else ""
    if left_out := result.summary.get("rejects"):
        lines += [_rejects(one) for one in left_out]
        lines.append(f"         stoker rejects {result.run} -o rejects.csv{option}")
    if result.report:
        lines.append(f"report   {result.report}")
    if result.bundle:
        model = result.model or name
        lines.append(f"bundle   {result.bundle}")
        own = import_options(result.summary.get("imports", ()))
        server = import_options(result.summary.get("serve_imports", ()))
        lines.append(f"next     stoker serve {model}{server}{option}")
        source = source_option(result.summary.get("own_source", ""))
        read = source + set_options(result.summary.get("read_options", {}))
        lines.append(f"         stoker predict {model} INPUT -o answers.csv{read}{own}{option}")
    return "\n".join(lines)


def _metric_row(name: str, metric: Mapping[str, Any], positive: str | None) -> tuple[object, ...]:
    """A metric, with the class that it is about if it is about one of two."""
    is_of_one = positive is not None and name in _OF_POSITIVE
    low, high, constant = metric.get("low"), metric.get("high"), metric.get("constant")
    return (
        f"{name} of {positive!r}" if is_of_one else name,
        f"{metric['value']:.4g}",
        None if low is None or high is None else f"{low:.4g} to {high:.4g}",
        None if constant is None else f"{constant:.4g}",
    )


def _rejects(left_out: Mapping[str, Any]) -> str:
    rows = left_out["rows"]
    return (
        f"rejects  {rows:,} {'row' if rows == 1 else 'rows'} left out ({left_out['stage']}): "
        f"{left_out['file']}"
    )
