"""Make an index of the rows of files, to be searched by meaning.

BUNDLE is a folder, or a model of the catalog: NAME, NAME@ALIAS or NAME@VERSION; it gives vectors,
as recipes with `target: {COLUMN: embed}` make them. FILES are tables of any form that stoker reads,
or folders of texts. Each row becomes a vector of its column --text and is kept with all its
columns. The index appears whole or not at all; one that is there already answers until then. It
answers to no other encoder.

Rows that are bad or have no text do not stop the others: the first are told, and the exit code is
then 1.

Examples:
    stoker index helpdesk answers.csv --text answer --into answers.index
    stoker index helpdesk docs/ --into docs.index
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, SOURCE, SOURCE_SET

if TYPE_CHECKING:
    import pyarrow as pa

    from stoker.bundle.predictor import Predictor
    from stoker.cli.rows import RowBlock
    from stoker.data.rejects import Rejects
    from stoker.search.index import IndexPart


@click.command("index", cls=Verb, help=__doc__)
@click.argument("bundle")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--text", metavar="COLUMN", help="Column of the texts.  [default: as the model calls it]"
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the index.",
)
@SOURCE
@SOURCE_SET
@IMPORT
@HOME
def verb(  # noqa: PLR0913 - one for each option
    bundle: str,
    files: tuple[Path, ...],
    text: str | None,
    into: Path,
    source: str | None,
    options: tuple[str, ...],
    modules: tuple[str, ...],
    home: Path | None,
) -> None:
    """Make the index and say how large it is."""
    from stoker.bundle.find import find_bundle
    from stoker.bundle.predictor import load
    from stoker.cli.progress import make_listener
    from stoker.core.events import listening
    from stoker.core.processors import available_cores
    from stoker.data.rejects import Rejects
    from stoker.engine.without_pandas import leave_pandas_out
    from stoker.search.encode import text_input
    from stoker.search.index import write_index

    leave_pandas_out()
    found = find_bundle(bundle, home)
    predictor, rejects = load(found.folder, available_cores()), Rejects()
    own = text_input(predictor)
    column = text or own
    place = f"{found.name}@{found.version}" if found.name else str(found.folder.absolute())
    with listening(make_listener()):
        parts = _parts(predictor, files, column, (options, source), rejects)
        about = write_index(into, parts, predictor, bundle=place, text=column)
    click.echo(f"{about.rows:,} rows, vectors of {about.width} numbers: {into}", err=True)
    rejected = rejects.table()
    for one in rejected.slice(0, 3).to_pylist():
        click.echo(f"left out: {one['source']}:{one['line']}: {one['reason']}", err=True)
    if rejected.num_rows > 3:
        click.echo(f"left out: {rejected.num_rows - 3:,} more", err=True)
    click.get_current_context().exit(1 if rejected.num_rows else 0)


def _parts(
    predictor: Predictor,
    files: Sequence[Path],
    column: str,
    reading: tuple[Sequence[str], str | None],
    rejects: Rejects,
) -> Iterator[IndexPart]:
    """Rows of all files with their vectors."""
    from dataclasses import replace

    from stoker.cli.rows import read_blocks
    from stoker.core import events
    from stoker.search.encode import vectors_of
    from stoker.search.index import IndexPart

    (feature,) = predictor.interface.inputs.values()
    called = replace(predictor.interface, inputs={column: feature})
    with events.task("index", unit="rows") as progress:
        for file in files:
            blocks = read_blocks(file, called, reading[0], rejects, reader=reading[1])
            for block in blocks:
                part = _with_texts(block, column, rejects)
                if part.num_rows:
                    yield IndexPart(part, vectors_of(predictor, part[column].to_pylist()))
                progress.advance(block.rows.num_rows)


def _with_texts(block: RowBlock, column: str, rejects: Rejects) -> pa.Table:
    """The rows that have a text, which is near to whatever is asked where it is empty.

    Raises:
        DataError: If there is no such column.
    """
    import pyarrow as pa

    from stoker.core.errors import DataError, Place
    from stoker.core.names import listed

    if column not in block.rows.column_names:
        raise DataError(
            f"there is no column {column!r}",
            expected=f"the column of the texts among {listed(block.rows.column_names)}",
            fix="name it: --text COLUMN",
            place=Place(block.source[0]) if block.source else None,
        )
    shown, texts = block.shown, block.rows[column]
    if column not in shown.column_names:
        shown = shown.append_column(column, texts)
    is_there = [bool(text and str(text).strip()) for text in texts.to_pylist()]
    for source, line, there in zip(block.source, block.line, is_there, strict=True):
        if not there:
            rejects.add(
                source=source,
                line=line,
                column=column,
                found="",
                reason="has no text",
                step="index",
            )
    return shown.filter(pa.array(is_there, pa.bool_()))
