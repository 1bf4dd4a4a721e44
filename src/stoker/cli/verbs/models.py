"""List the models of a home with their versions and aliases.

An alias is a name for one version, such as `champion`, which is what `stoker serve NAME` takes.
Setting it again moves it.

Examples:
    stoker models
    stoker models alias digits champion 3
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb, VerbWithParts
from stoker.cli.options import HOME, JSON


@click.group("models", cls=VerbWithParts, help=__doc__, invoke_without_command=True)
@HOME
@JSON
@click.pass_context
def verb(context: click.Context, home: Path | None, as_json: bool) -> None:
    """Print one line a version."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from stoker.cli.history import moment, open_catalog
    from stoker.cli.text import interval, json_text, table
    from stoker.store.home import find_home

    models = open_catalog(home).models()
    if as_json:
        click.echo(json_text([asdict(model) for model in models]))
        return
    rows = []
    for model in models:
        name, metric = next(iter(model.metrics.items()), (None, None))
        score = None if metric is None else f"{name} {interval(metric)}"
        aliases = ", ".join(model.aliases) or None
        rows.append(
            (model.name, model.version, aliases, moment(model.created_at), model.run, score)
        )
    if not rows:
        place = find_home(home)
        click.echo(f"there is no model in {place} yet: a run whose gates are met registers one")
        return
    click.echo(table(["model", "version", "aliases", "made (UTC)", "run", "score"], rows))


@verb.command("alias", cls=Verb)
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=click.IntRange(1))
@HOME
def set_alias(name: str, alias: str, version: int, home: Path | None) -> None:
    """Call a version by an alias.

    Example:
        stoker models alias digits champion 3
    """
    from stoker.cli.history import open_catalog

    open_catalog(home).set_alias(name, alias, version)
    click.echo(f"{name}@{alias} is version {version}")
