"""Answer the rows of a file with a bundle.

BUNDLE is a folder, or a model of the catalog: NAME, NAME@ALIAS or NAME@VERSION. INPUT is a CSV,
Parquet, JSON lines or Excel file (text may be packed with gzip), a picture, a text, a folder of one
of these, or a pattern in quotes. Files come in the order of their names, and where there are
several the column file says which one a row is of. Delimiter and encoding of CSV are told from the
file, and said; --set says them and other options of the source. OUTPUT is CSV, Parquet or JSON
lines by its ending: the input's columns, then the answers with a probability for each class. It
appears whole or not at all. Columns that the model does not use are named and repeated; --extra
refuse refuses them. A column of the input that is called like an answer, such as prediction, is
kept as prediction_input. Cells that training never saw are counted by column.

--threshold answers the second of two classes from that probability on, instead of the one that the
bundle has. --intervals adds what holds the truth in most unseen rows: low and high of a number, or
a set of classes.

In a folder of pictures, what a file is, its contents say and not its ending. Hidden files,
Thumbs.db and desktop.ini are passed over, and so are files that are plainly something else by name
and contents, such as notes.txt, which are told; symbolic links are followed with --set
follow_links=true only. For a model of one text the same holds of folders of plain text, HTML and
PDF, one row a file; a .txt file whose first line names the column is a table.

Bad rows do not stop the others: they are written to OUTPUT with `.rejects` before the ending,
with line, column and reason, and the exit code is then 1. In CSV a text that a spreadsheet would
run as a formula gets a leading apostrophe, which stoker takes off wherever it reads CSV.

Examples:
    stoker predict digits scans/ -o answers.csv
    stoker predict digits 'scans/2024-*/*.png' -o answers.csv
    stoker predict churn@champion customers.csv -o answers.parquet
    stoker predict churn new.xlsx -o answers.csv --threshold 0.2
    stoker predict churn rows.csv -o answers.jsonl --set 'delimiter=;' --set encoding=cp1252
    stoker predict churn new.xlsx -o answers.csv --set sheet=2024 --set header_row=3
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, SOURCE, SOURCE_SET


@click.command("predict", cls=Verb, help=__doc__)
@click.argument("bundle")
@click.argument("input", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Answers.",
)
@SOURCE
@SOURCE_SET
@click.option(
    "--extra",
    type=click.Choice(["ignore", "refuse"]),
    default="ignore",
    show_default=True,
    help="What to do with columns that the model does not use.",
)
@click.option(
    "--probabilities/--no-probabilities",
    default=True,
    show_default=True,
    help="Add a column for each class.",
)
@click.option(
    "--threshold",
    type=float,
    metavar="P",
    help="Answer the second of two classes from this probability on; absent: as the model decides.",
)
@click.option("--intervals", is_flag=True, help="Add what holds the truth in most unseen rows.")
@IMPORT
@HOME
def verb(  # noqa: PLR0913 - one for each option
    bundle: str,
    input: Path,
    output: Path,
    source: str | None,
    options: tuple[str, ...],
    extra: Literal["ignore", "refuse"],
    probabilities: bool,
    threshold: float | None,
    intervals: bool,
    modules: tuple[str, ...],
    home: Path | None,
) -> None:
    """Answer, say how many, and choose the exit code."""
    from stoker.bundle.find import find_bundle
    from stoker.bundle.predictor import load
    from stoker.cli.predictions import Wish, predict_file, tell_threshold
    from stoker.cli.progress import make_listener
    from stoker.core.events import listening
    from stoker.core.processors import available_cores
    from stoker.engine.without_pandas import leave_pandas_out

    leave_pandas_out()
    found = find_bundle(bundle, home)
    predictor = load(found.folder, available_cores())
    if threshold is not None:
        predictor = predictor.with_threshold(threshold, "--threshold")
    with listening(make_listener()):
        tell_threshold(predictor, found.serve.get("threshold"))
        wish = Wish(probabilities, intervals, extra, source)
        done = predict_file(predictor, input, output, options, wish)
    click.echo(done.describe(output), err=True)
    click.get_current_context().exit(1 if done.rejected else 0)
