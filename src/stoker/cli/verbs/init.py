"""Write a first recipe for your own data.

TEMPLATE is `images` or `text` (a folder with one sub-folder of pictures or texts per class),
`table` (a CSV, Parquet or JSON lines file), `tags` (texts with the spans that are to be found: a
token and its tag a line, or JSON lines), or `example`: real data to try things with, customers.csv
and photos/, are written here or into the folder PATH, and a recipe for the customers beside them.

With PATH the recipe names your data; without it, edit the marked lines. Of a table (a file, a
folder of files of one kind, or a pattern of them in quotes) all rows are read, and every column is
written down with what it becomes and why; those that tell nothing stand there as comments. A target
of more than 20 different numbers, or of numbers with a fraction, is predicted as a number, any
other as a label. Delimiter and encoding of CSV are told from the file; --set says them, the sheet
of a workbook and other options of the source, and all of them stand in the recipe.

Examples:
    stoker init example
    stoker init images photos/
    stoker init text reviews/
    stoker init tags letters.conll
    stoker init table customers.csv --target churned
    stoker init table sales.xlsx --target price --set sheet=2024
    stoker init table 'sales/2024-*.parquet' --target price
    stoker init table -o churn.yaml
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import SOURCE_SET


@click.command("init", cls=Verb, help=__doc__)
@click.argument("template", type=click.Choice(["images", "text", "tags", "table", "example"]))
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--target", help="Column to predict (table and tags).")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Recipe to write; an existing file is never replaced.  [default: recipe.yaml, of an "
    "example customers.yaml]",
)
@SOURCE_SET
def verb(
    template: str,
    path: Path | None,
    target: str | None,
    output: Path | None,
    options: tuple[str, ...],
) -> None:
    """Fill in the template and write it."""
    from stoker.cli.example import CUSTOMERS, PHOTOS, write_example
    from stoker.cli.first_tags import fill_tags
    from stoker.cli.progress import make_listener
    from stoker.cli.starters import fill_images, fill_table, fill_text, read_template
    from stoker.core.events import listening
    from stoker.engine.without_pandas import leave_pandas_out

    folder = (path or Path()) if template == "example" else Path()
    recipe = output or folder / ("customers.yaml" if template == "example" else "recipe.yaml")
    _require_absent(recipe)
    _require_table(template, path, options)
    project = recipe.absolute().parent
    if template == "example":
        text = write_example(folder, project)
        click.echo(f"wrote {folder / CUSTOMERS} and {folder / PHOTOS}/")
    elif path is None:
        text = read_template(template)
    elif template == "images":
        text = fill_images(path, project)
    else:
        leave_pandas_out()
        with listening(make_listener()):
            if template == "text":
                text = fill_text(path, project)
            elif template == "tags":
                text = fill_tags(path, target, project)
            else:
                text = fill_table(path, target, project, options)
    try:
        with recipe.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _require_absent(recipe)
    name = "" if recipe == Path("recipe.yaml") else f" {recipe}"
    is_filled = path is not None or template == "example"
    first = "" if is_filled else f"  edit {recipe}: the lines marked with <--\n"
    click.echo(
        f"wrote {recipe}; next:\n{first}  stoker check{name}\n  stoker run{name}\n  stoker report"
    )


def _require_absent(recipe: Path) -> None:
    """Refuse to write over a recipe.

    Raises:
        RecipeError: Naming it.
    """
    from stoker.core.errors import RecipeError

    if recipe.exists():
        fix = "choose another name with -o, or remove it first"
        raise RecipeError(f"{recipe} is there already", fix=fix)


def _require_table(template: str, path: Path | None, options: tuple[str, ...]) -> None:
    """Refuse options where no table is read.

    Raises:
        RecipeError: Naming the first.
    """
    from stoker.core.errors import RecipeError

    if options and (template != "table" or path is None):
        raise RecipeError(
            f"--set {options[0]} has no table to read",
            expected="a table: stoker init table FILE --set KEY=VALUE",
        )
