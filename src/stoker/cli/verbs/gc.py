"""Delete artifacts that no run and no model needs.

Every version of every model that was not deleted, the latest run of each recipe and runs at work
stay, with all they were made from; so does what another process holds. Tables that Python handed
over go with the last artifact made from them. Shows what would go; --yes deletes it.

Examples:
    stoker gc
    stoker gc --yes
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME


@click.command("gc", cls=Verb, help=__doc__)
@click.option("--yes", is_flag=True, help="Delete; without it nothing is changed.")
@HOME
def verb(yes: bool, home: Path | None) -> None:
    """List or delete."""
    from stoker.cli.history import open_catalog, removal
    from stoker.store.home import find_home
    from stoker.store.store import Store

    catalog = open_catalog(home)
    removed = Store(find_home(home)).collect(catalog.roots, dry_run=not yes)
    if not removed:
        click.echo("nothing to delete")
        return
    click.echo(removal(removed, deleted=yes))
    if not yes:
        click.echo("stoker gc --yes deletes them")
