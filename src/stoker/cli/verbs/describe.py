"""Explain one key of the recipe.

Says what it means, what it takes and its default.
A dot goes into a section; the name of a step explains the step and its fields.

Examples:
    stoker describe train
    stoker describe train.rate
    stoker describe data.split.group
    stoker describe model.cnn
"""

from __future__ import annotations

import click

from stoker.cli.app import Verb


@click.command("describe", cls=Verb, help=__doc__)
@click.argument("key", default="")
def verb(key: str) -> None:
    """Print the explanation."""
    from stoker.recipe.describe import describe

    click.echo(describe(key).rstrip())
