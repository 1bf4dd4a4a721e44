"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path

import click

RECIPE = click.argument(
    "recipe",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recipe.yaml"),
)
"""The recipe file; `recipe.yaml` of this folder when it is not given."""

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of runs, artifacts and models.  [default: $STOKER_HOME, else ./.stoker]",
)

SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one key of the recipe, such as train.epochs=3; may be repeated.",
)

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
