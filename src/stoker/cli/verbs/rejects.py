"""Write the rows that a run left out as CSV for a spreadsheet.

RUN is an id that `stoker runs` lists, or its beginning; absent: the last run, also one that failed.
OUTPUT is CSV, JSON lines or Parquet by its ending: file, line and column, what stood there, why it
will not do, and the step that said so. CSV begins with the mark by which spreadsheets know UTF-8,
and a text that one would run as a formula gets a leading apostrophe.

Examples:
    stoker rejects
    stoker rejects r-20261122-0930 -o bad.csv
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME


@click.command("rejects", cls=Verb, help=__doc__)
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("rejects.csv"),
    show_default=True,
    help="File to write.",
)
@HOME
def verb(run: str | None, output: Path, home: Path | None) -> None:
    """Write the file, and say how many rows are in it."""
    from stoker.cli.history import find_run, open_catalog
    from stoker.cli.left_out import write_rejects
    from stoker.store.home import find_home

    record = find_run(open_catalog(home), run)
    count = write_rejects(record, find_home(home), output)
    records = "1 record" if count == 1 else f"{count:,} records"
    click.echo(f"{records} of what {record.id} left out: {output}")
