"""Show how large a bundle is, file by file.

Examples:
    stoker size churn
"""

from pathlib import Path

import click

from stoker.cli.app import Verb


@click.command("size", cls=Verb, help=__doc__)
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
def verb(bundle: Path) -> None:
    """One line a file; what a verb needs beyond click it imports in here."""
    for path in sorted(bundle.iterdir()):
        click.echo(f"{path.stat().st_size:>12,} {path.name}")
