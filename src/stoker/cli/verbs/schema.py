"""Print the JSON Schema of the recipe.

For editors and for checks in CI.
Editors that speak YAML complete and check a recipe whose first line is
`# yaml-language-server: $schema=recipe.schema.json`.

Examples:
    stoker schema > recipe.schema.json
"""

from __future__ import annotations

import json

import click

from stoker.cli.app import Verb


@click.command("schema", cls=Verb, help=__doc__)
def verb() -> None:
    """Print the schema, indented."""
    from stoker.recipe.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
