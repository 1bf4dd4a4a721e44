"""Show what a run, a model or an artifact was made from, as a tree.

WHAT is a run id or its beginning, a model (NAME, NAME@ALIAS, NAME@VERSION), a bundle folder, or
the beginning of an artifact's fingerprint. Absent: the last run that made something.

Examples:
    stoker lineage
    stoker lineage digits@champion
    stoker lineage r-20261122-0930 --json
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, JSON


@click.command("lineage", cls=Verb, help=__doc__)
@click.argument("what", required=False)
@HOME
@JSON
def verb(what: str | None, home: Path | None, as_json: bool) -> None:
    """Print the tree."""
    from dataclasses import asdict

    from stoker.cli.history import find_fingerprint, lineage_tree, open_catalog
    from stoker.cli.text import json_text

    catalog = open_catalog(home)
    ancestors = catalog.lineage(find_fingerprint(catalog, what))
    if as_json:
        click.echo(json_text([asdict(ancestor) for ancestor in ancestors]))
    else:
        click.echo(lineage_tree(ancestors))
