"""Find the rows of an index that are nearest in meaning to a text.

INDEX is a folder that `stoker index` made. Its encoder is found where it was then; --bundle names
another place of the same one. Printed are the cosine of each row and its cells, nearest first.

Examples:
    stoker search answers.index "how do I reset my password"
    stoker search answers.index "如何重置密码" -k 3 --json
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, JSON


@click.command("search", cls=Verb, help=__doc__)
@click.argument("index", type=click.Path(path_type=Path, file_okay=False))
@click.argument("query")
@click.option(
    "-k", "most", type=click.IntRange(1, 1000), default=10, show_default=True, help="Rows."
)
@click.option("--bundle", help="Where the encoder is now.")
@IMPORT
@JSON
@HOME
def verb(  # noqa: PLR0913 - one for each option
    index: Path,
    query: str,
    most: int,
    bundle: str | None,
    modules: tuple[str, ...],
    as_json: bool,
    home: Path | None,
) -> None:
    """Print the nearest rows."""
    from stoker.bundle.find import find_bundle
    from stoker.bundle.predictor import load
    from stoker.cli.text import json_text
    from stoker.search.encode import vectors_of
    from stoker.search.index import open_index

    opened = open_index(index)
    predictor = load(find_bundle(bundle or opened.about.bundle, home).folder)
    opened.check(predictor)
    query_QD = vectors_of(predictor, [query])
    found = opened.search(query_QD, most)
    rows = opened.rows_at(found.place_QK[0]).to_pylist()
    answers: list[dict[str, Any]] = [
        {"cosine": round(float(cosine), 4), "row": row}
        for cosine, row in zip(found.cosine_QK[0], rows, strict=True)
    ]
    if as_json:
        click.echo(json_text(answers))
        return
    for answer in answers:
        cells = "  ".join(str(cell) for cell in answer["row"].values() if cell is not None)
        click.echo(f"{answer['cosine']:6.3f}  {cells}")
