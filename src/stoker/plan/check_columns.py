"""Refuse a recipe that cannot work on the columns that its sources have.

What the recipe says of columns is compared with what a header, a footer or the acquired rows say,
before any work is started, so that a name typed wrong costs a second and not the time until the
stage that reads it.

Cost: see `columns_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from stoker.core.errors import Place, RecipeError
from stoker.core.steps import expect, is_own, step_name
from stoker.data.acquire import Source
from stoker.data.media_kinds import check_kind
from stoker.data.partitions import folder_above, nameless_folders
from stoker.features import Feature
from stoker.models import Model, check_vectors
from stoker.plan.check_training import check_training
from stoker.plan.columns_of import KnownColumns, columns_of
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact
from stoker.tasks import Task

_MOST_NAMES = 30


def check_columns(recipe: Recipe, found: Mapping[str, Artifact], cache: Path) -> None:
    """Compare a recipe with the columns that there are, as far as they are known.

    Args:
        recipe: A recipe.
        found: Artifacts that are there, by stage.
        cache: Folder for downloads.

    Raises:
        RecipeError: With the line, if a column is not there, a feature does not suit a column, or
            the model cannot take the inputs.
        DataError: If a file is missing.
    """
    columns = _known(recipe, found, cache)
    if columns is not None:
        _check_names(recipe, columns, cache)
        _check_features(recipe, columns)
    _check_model(recipe, columns)
    check_training(recipe, _are_pictures(recipe, columns))


def _known(recipe: Recipe, found: Mapping[str, Artifact], cache: Path) -> KnownColumns | None:
    if "acquire" in found:
        said = found["acquire"].manifest.summary  # sealed, and costs no reading of the rows
        return KnownColumns(tuple(said["columns"]), said["media"], said.get("left_out", {}))
    looks = (
        columns_of(expect(source, Source), recipe.project, cache) for source in recipe.data.sources
    )
    return next((columns for columns in looks if columns is not None), None)


def _check_names(recipe: Recipe, columns: KnownColumns, cache: Path) -> None:
    named = {name: recipe.place("inputs", name, of_key=True) for name in recipe.inputs or {}}
    named[recipe.target_column] = recipe.place("target", recipe.target_column, of_key=True)
    for key in ("stratify", "group", "time"):
        name = getattr(recipe.data.split, key)
        if name is not None:
            named.setdefault(name, recipe.place("data", "split", key))
    for name, place in named.items():
        if name not in columns.names:
            raise _no_column(name, columns, place, _where_else(recipe, name, columns, cache))


def _where_else(recipe: Recipe, name: str, columns: KnownColumns, cache: Path) -> str | None:
    """Where a column that is not there may stand: in a folder's name, or under another name."""
    sources = [expect(source, Source) for source in recipe.data.sources]
    files = [path for source in sources for path in source.files(recipe.project, cache)]
    found = next((path for path in (folder_above(one, name) for one in files) if path), None)
    if found is not None:
        inside = found.is_relative_to(recipe.project)
        above = (found.relative_to(recipe.project) if inside else found).as_posix()
        return f"it stands in the name of a folder: write path: {above} to read all of them"
    near = get_close_matches(name, columns.names, n=1)
    folders = ", ".join(nameless_folders(files))
    if near:
        return f"did you mean {near[0]!r}?"
    if folders:
        return f"if the folders ({folders}) say it, call them {name}=..."
    own = next((step_name(one) for one in sources if is_own(one)), None)
    return own and f"if rows further down have it, seen_columns of {own} names all, or gives None"


def _no_column(name: str, columns: KnownColumns, place: Place, fix: str | None) -> RecipeError:
    if name in columns.left_out:
        return RecipeError(
            f"column {name!r} is not read: it {columns.left_out[name]}",
            expected="numbers, text, truth values, dates, times or bytes",
            place=place,
        )
    shown = ", ".join(map(repr, columns.names[:_MOST_NAMES]))
    more = len(columns.names) - _MOST_NAMES
    return RecipeError(
        f"there is no column {name!r} in the data",
        expected=f"one of {shown}" + (f" and {more} more" if more > 0 else ""),
        fix=fix,
        place=place,
    )


def _check_features(recipe: Recipe, columns: KnownColumns) -> None:
    for name, step in (recipe.inputs or {}).items():
        feature, place = expect(step, Feature), recipe.place("inputs", name)
        check_kind(name, columns.media.get(name), feature, place)


def _check_model(recipe: Recipe, columns: KnownColumns | None) -> None:
    """Refuse a model of pictures or texts without any, and one that takes none of those there."""
    named = None if recipe.model is None else expect(recipe.model, Model)
    try:
        check_vectors(named, expect(recipe.task, Task).gives)
    except RecipeError as error:
        error.place = recipe.place("model" if named else "target")
        raise
    if named is None:
        return
    model, pictures = named, _pictures(recipe, columns)
    if model.needs_pictures and pictures == []:
        raise RecipeError(
            f"model {step_name(model)} is for pictures, and no input is one",
            expected="an input with the feature `image`",
            fix="write `model: boosted_trees` or `mlp` for a table, or leave `model` out",
            place=recipe.place("model"),
        )
    if not model.takes_pictures and pictures:
        raise RecipeError(
            f"model {step_name(model)} cannot take the pictures of column {pictures[0]!r}",
            expected="numbers and categories",
            fix="write `model: cnn`, or leave `model` out and let the preset choose",
            place=recipe.place("model"),
        )
    _check_ragged(recipe, model)


def _check_ragged(recipe: Recipe, model: Model) -> None:
    """Refuse a model of texts where none is named, and one that takes none.

    Long texts become tokens by themselves only where no model is named, or one for any column.
    """
    steps = {name: expect(step, Feature) for name, step in (recipe.inputs or {}).items()}
    ragged = [name for name, step in steps.items() if step.ragged]
    if model.needs_ragged and not ragged:
        raise RecipeError(
            f"model {step_name(model)} is for texts, and no input is one",
            expected="an input with the feature `tokens`",
            fix="write `COLUMN: tokens` under inputs, or leave `model` out",
            place=recipe.place("model"),
        )
    if not model.takes_ragged and ragged:
        raise RecipeError(
            f"model {step_name(model)} cannot take {ragged[0]!r}, whose rows have any length",
            expected="numbers and categories",
            fix="write `model: mlp`, or leave `model` out and let the preset choose",
            place=recipe.place("model"),
        )


def _are_pictures(recipe: Recipe, columns: KnownColumns | None) -> dict[str, bool] | None:
    """Of each input whether it is a picture; of inputs that are chosen later, the pictures only."""
    if recipe.inputs:
        features = {name: expect(step, Feature) for name, step in recipe.inputs.items()}
        return {name: feature.media == "image" for name, feature in features.items()}
    return dict.fromkeys(_pictures(recipe, columns) or (), True) or None


def _pictures(recipe: Recipe, columns: KnownColumns | None) -> list[str] | None:
    """Inputs that are pictures; None if the inputs are chosen later from columns not known yet."""
    if recipe.inputs:
        features = {name: expect(step, Feature) for name, step in recipe.inputs.items()}
        return [name for name, feature in features.items() if feature.media == "image"]
    return None if columns is None else sorted(n for n, k in columns.media.items() if k == "image")
