"""Write a first recipe for your own data.

TEMPLATE is `images` (a folder with one sub-folder per class) or `table` (a CSV, Parquet or JSON
lines file). With PATH the recipe names your data; without it, edit the marked lines.
A table's target of many different numbers is predicted as a number, any other as a label.

Examples:
    stoker init images photos/
    stoker init table customers.csv --target churned
    stoker init table -o churn.yaml
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb


@click.command("init", cls=Verb, help=__doc__)
@click.argument("template", type=click.Choice(["images", "table"]))
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--target", help="Column to predict (table only).")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recipe.yaml"),
    show_default=True,
    help="Recipe to write; an existing file is never replaced.",
)
def verb(template: str, path: Path | None, target: str | None, output: Path) -> None:
    """Fill in the template and write it."""
    from stoker.cli.starters import fill_images, fill_table, read_template
    from stoker.core.errors import RecipeError

    if path is None:
        text = read_template(template)
    elif template == "images":
        text = fill_images(path, output.absolute().parent)
    else:
        text = fill_table(path, target, output.absolute().parent)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fix = "choose another name with -o, or remove it first"
        raise RecipeError(f"{output} is there already", fix=fix) from None
    name = "" if output == Path("recipe.yaml") else f" {output}"
    first = "" if path else f"  edit {output}: the lines marked with <--\n"
    click.echo(
        f"wrote {output}; next:\n{first}  stoker check{name}\n  stoker run{name}\n  stoker report"
    )
