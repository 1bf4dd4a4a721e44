"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stoker.core.own_code import VARIABLE, import_own

if TYPE_CHECKING:
    from stoker.core.value import Value

S = TypeVar("S", bound="Value")


def _imported(
    context: click.Context, _parameter: click.Parameter, modules: tuple[str, ...]
) -> tuple[str, ...]:
    """The names, once their modules are imported."""
    if modules and not context.resilient_parsing:
        import_own(modules)
    return modules


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

SOURCE_SET = click.option(
    "--set",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Option of the source that reads the table, such as sheet=Sales, header_row=3 or "
    "encoding=cp1252; see stoker describe data.sources.csv.",
)
"""An option of a table's source; may be repeated."""

SOURCE = click.option(
    "--source",
    metavar="NAME",
    help="Source that reads the table, such as csv, or module:Class of your own.  [default: by the "
    "ending]",
)
"""What reads a table, where the ending of its name does not say it."""

IMPORT = click.option(
    "--import",
    "modules",
    multiple=True,
    metavar="MODULE",
    envvar=VARIABLE,
    show_envvar=True,
    callback=_imported,
    help="Module of your own steps, imported before anything is read; may be repeated. A bundle "
    "that needs one names it, and is refused without.",
)
"""Code of the user's own, which nothing else imports: the verb gets the names."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def make_settings(owner: type[S], given: Mapping[str, object], pairs: Sequence[str]) -> S:
    """A value of `owner` from options of the command line and `--set KEY=VALUE` pairs.

    Args:
        owner: Class of the settings.
        given: Fields from options of their own; None means not given.
        pairs: Further fields as the user wrote them; values are strict YAML.

    Raises:
        RecipeError: If a pair cannot be read, a key is unknown or a value does not fit.
    """
    known = {key: value for key, value in given.items() if value is not None}
    return _validated(owner, given_options(pairs, known), bool(pairs))


def check_options(owner: type[S], given: Mapping[str, object], pairs: Sequence[str]) -> None:
    """Refuse options that are wrong, before the file is read that tells the others.

    Args:
        owner: Class of the settings.
        given: Fields that are known.
        pairs: Further fields as the user wrote them.

    Raises:
        RecipeError: As `make_settings`, but not for a key that is lacking.
    """
    from pydantic import ValidationError

    raw = given_options(pairs, given)
    try:
        owner.model_validate(raw)
    except ValidationError as error:
        if any(one["type"] != "missing" for one in error.errors()):
            _validated(owner, raw, bool(pairs))


def _validated(owner: type[S], raw: dict[str, Any], has_pairs: bool) -> S:
    from pydantic import ValidationError

    from stoker.core.errors import Place, RecipeError
    from stoker.recipe.mistake import mistakes

    try:
        return owner.model_validate(raw)
    except ValidationError as error:
        wrong = next(mistakes(error, owner, raw, ()))
        place = Place("--set") if has_pairs else None
        raise RecipeError(wrong.what, expected=wrong.expected, fix=wrong.fix, place=place) from None


def given_options(
    pairs: Sequence[str], before: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """The fields that `KEY=VALUE` pairs name, beside those known before; nothing is checked.

    Raises:
        RecipeError: If a pair cannot be read.

    >>> given_options(["sheet=Sales", "header_row=3"])
    {'sheet': 'Sales', 'header_row': 3}
    """
    from stoker.recipe.overrides import apply_override

    raw: dict[str, Any] = dict(before or {})
    for pair in pairs:
        raw, _ = apply_override(raw, pair)
    return raw
