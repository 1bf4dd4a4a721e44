"""List the models of a home with their versions and aliases.

An alias is a name for one version, such as `champion`, which is what `stoker serve NAME` takes.
Setting it again moves it: back to an earlier version is one command. A version that is deleted is
not found any more, but its record stays, and its number is not given again.

Examples:
    stoker models
    stoker models alias digits champion 3
    stoker models delete digits 2 --yes
    stoker models --deleted
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb, VerbWithParts
from stoker.cli.options import HOME, JSON

if TYPE_CHECKING:
    from stoker.store.catalog.versions import ModelRecord


@click.group("models", cls=VerbWithParts, help=__doc__, invoke_without_command=True)
@click.option("--deleted", is_flag=True, help="Also list versions that were deleted.")
@HOME
@JSON
@click.pass_context
def verb(context: click.Context, deleted: bool, home: Path | None, as_json: bool) -> None:
    """Print one line a version."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from stoker.cli.history import open_catalog
    from stoker.cli.text import json_text, table
    from stoker.store.home import find_home

    models = open_catalog(home).models(deleted=deleted)
    if as_json:
        click.echo(json_text([asdict(model) for model in models]))
        return
    rows = [_row(model) for model in models]
    if not rows:
        place = find_home(home)
        click.echo(f"there is no model in {place} yet: a run whose gates are met registers one")
        return
    click.echo(table(["model", "version", "aliases", "made (UTC)", "run", "score"], rows))


def _row(model: ModelRecord) -> tuple[object, ...]:
    from stoker.cli.history import moment
    from stoker.cli.text import interval

    name, metric = next(iter(model.metrics.items()), (None, None))
    score = None if metric is None else f"{name} {interval(metric)}"
    gone = None if model.deleted_at is None else f"deleted {model.deleted_at[:10]}"
    called = ", ".join(model.aliases) or gone
    return (model.name, model.version, called, moment(model.created_at), model.run, score)


@verb.command("alias", cls=Verb)
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=click.IntRange(1))
@HOME
@JSON
def set_alias(name: str, alias: str, version: int, home: Path | None, as_json: bool) -> None:
    """Call a version by an alias.

    An alias that is there already is moved; a server takes the new version when it starts next.

    Example:
        stoker models alias digits champion 3
    """
    from stoker.cli.history import open_catalog
    from stoker.cli.text import json_text

    before = open_catalog(home).set_alias(name, alias, version)
    if as_json:
        said = {"name": name, "alias": alias, "version": version, "before": before}
        click.echo(json_text(said))
        return
    moved = "" if before in (None, version) else f" (it was {before})"
    click.echo(f"{name}@{alias} is version {version}{moved}")


@verb.command("unalias", cls=Verb)
@click.argument("name")
@click.argument("alias")
@HOME
def remove_alias(name: str, alias: str, home: Path | None) -> None:
    """Forget an alias; the version stays.

    Example:
        stoker models unalias digits staging
    """
    from stoker.cli.history import open_catalog

    before = open_catalog(home).remove_alias(name, alias)
    click.echo(f"{name}@{alias} was version {before} and is no alias any more")


@verb.command("delete", cls=Verb)
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--yes", is_flag=True, help="Delete; without it nothing is changed.")
@HOME
@JSON
def delete(name: str, version: int, yes: bool, home: Path | None, as_json: bool) -> None:
    """Delete a version, and the artifacts that only it kept.

    Shows what would go; --yes deletes it. A version that an alias points to is refused: move the
    alias first. The record stays, see stoker models --deleted; a run of the same recipe registers
    the next version.

    Examples:
        stoker models delete digits 2
        stoker models delete digits 2 --yes
    """
    from dataclasses import asdict

    from stoker.cli.history import delete_version, open_catalog, removal
    from stoker.cli.text import json_text
    from stoker.store.home import find_home
    from stoker.store.store import Store

    store, catalog = Store(find_home(home)), open_catalog(home)
    removed = delete_version(store, catalog, name, version, dry_run=not yes)
    if as_json:
        artifacts = [asdict(one) for one in removed]
        said = {"name": name, "version": version, "deleted": yes, "artifacts": artifacts}
        click.echo(json_text(said))
        return
    if removed:
        click.echo(removal(removed, deleted=yes))
    else:
        click.echo("no artifact goes: the latest run or another version needs what it needs")
    if yes:
        click.echo(f"version {version} of {name} is deleted; its record stays")
    else:
        click.echo(f"stoker models delete {name} {version} --yes deletes version {version}")
