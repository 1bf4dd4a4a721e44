"""Print the path of a report, the last run's by default.

RUN is an id that `stoker runs` lists, or its beginning.

Examples:
    stoker report
    stoker report --open
    stoker report r-20261122-0930
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME


@click.command("report", cls=Verb, help=__doc__)
@click.argument("run", required=False)
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@HOME
def verb(run: str | None, open_it: bool, home: Path | None) -> None:
    """Print the path, and open it if asked."""
    from stoker.cli.history import open_catalog, report_of
    from stoker.store.home import find_home

    path = report_of(open_catalog(home), find_home(home), run)
    click.echo(path)
    if open_it:
        click.launch(str(path))
