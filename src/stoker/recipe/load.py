"""Read a recipe: strict YAML, overrides, steps, then every rule, with the line of each mistake.

Nothing in a recipe is executed or expanded: no tags, no imports but of steps that a user names as
`module:Class` (which must be importable already), no environment variables.  Relative paths start
in the recipe's folder and may lead out of it by `..`, which keeps a folder of data and a folder of
recipes together wherever both lie; nothing is gained by refusing it, for an absolute path leads
anywhere.

Cost: milliseconds, and the import of the modules of the steps that are named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stoker.core import yaml
from stoker.core.errors import Place, RecipeError
from stoker.core.names import short
from stoker.core.value import Value
from stoker.recipe.mistake import Mistake, mistakes, shown
from stoker.recipe.model import VERSION, Recipe
from stoker.recipe.overrides import apply_override
from stoker.recipe.slots import fill_slots
from stoker.store.durable import machine_errors


def load_recipe(
    source: Path | str | Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    project: Path | None = None,
) -> Recipe:
    r"""The recipe that a file, a text or a mapping describes.

    Args:
        source: Path of a YAML file; or its text (anything with a line break); or the same keys as
            a Python mapping, in which steps may stand as values.
        overrides: Changes such as `train.epochs=3`, in order.
        project: Folder where relative paths start; absent: the file's, or the current one.

    Raises:
        RecipeError: With file, line and character, what was found and what was expected.
        MachineError: If the file cannot be read.

    >>> recipe = load_recipe('''
    ... version: 1
    ... name: digits
    ... data: {sources: [{csv: {path: a.csv}}]}
    ... target: {label: classify}
    ... ''', ["seed=7"])
    >>> recipe.name, recipe.target_column, recipe.seed
    ('digits', 'label', 7)
    """
    document, text, folder = _read(source)
    raw = document.value
    if not isinstance(raw, dict):
        raise RecipeError(
            f"the recipe is {short(raw)}",
            expected="key: value lines, beginning with version: 1",
            place=document.place(()),
        )
    changed: dict[yaml.Path, str] = {}
    for override in overrides:
        raw, path = apply_override(raw, override)
        changed[path] = override
    try:
        _check_version(raw)
        recipe = _build(raw)
    except Mistake as mistake:
        raise _placed(mistake, document, changed) from None
    folder = project.absolute() if project else folder
    return recipe.written(text, folder, partial(_place, document, changed))


def _read(source: Path | str | Mapping[str, Any]) -> tuple[yaml.Document, str, Path]:
    """What is written, as a value with positions and as text, and the folder it starts in."""
    if isinstance(source, Mapping):
        value = _unfrozen(source)
        text = json.dumps(value, indent=2, ensure_ascii=False, default=repr)
        return yaml.Document(value, {}, {}, "recipe"), text, Path.cwd()
    if isinstance(source, str) and "\n" in source:
        return yaml.parse_yaml(source, file="recipe"), source, Path.cwd()
    path = Path(source)
    data = _read_file(path)
    document = yaml.parse_yaml(data, file=str(source))
    return document, data.decode("utf-8-sig"), path.absolute().parent


def _read_file(path: Path) -> bytes:
    place = Place(str(path))
    if not path.exists():
        raise RecipeError(
            "no such recipe", expected="a YAML file", fix="stoker init writes one", place=place
        )
    if not path.is_file():
        raise RecipeError("not a file", expected="a YAML file", place=place)
    with machine_errors(f"read {path}"), path.open("rb") as file:
        return file.read(yaml.MAX_BYTES + 1)


def _unfrozen(value: Any) -> Any:
    """A copy with plain mappings and lists, so that overrides can change it."""
    if isinstance(value, Mapping):
        return {str(key): _unfrozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unfrozen(item) for item in value]
    return value


def _check_version(raw: dict[str, Any]) -> None:
    found = raw.get("version")
    if found is None:
        raise Mistake(
            (),
            "the recipe has no version",
            expected=f"version: {VERSION}",
            fix=f"write `version: {VERSION}` in the first line",
            of_key=True,
        )
    is_number = isinstance(found, int) and not isinstance(found, bool)
    what = f"the recipe has version {shown(found)}"
    if is_number and found > VERSION:
        raise Mistake(
            ("version",),
            what,
            expected=f"version {VERSION}, the newest that this stoker knows",
            fix="upgrade stoker: pip install --upgrade stoker",
        )
    if not is_number or found != VERSION:
        raise Mistake(("version",), what, expected=f"version: {VERSION}")


def _build(raw: dict[str, Any]) -> Recipe:
    filled = fill_slots(Recipe, raw)
    try:
        recipe = Recipe.model_validate(filled)
    except ValidationError as error:
        raise min(mistakes(error, Recipe, raw, ()), key=lambda one: not one.of_key) from None
    for i, source in enumerate(recipe.data.sources):
        for path in _paths(source):
            _check_path(path, raw, i)
    return recipe


def _paths(source: Value) -> Iterator[str]:
    """The paths that a source reads, if it has any."""
    paths = getattr(source, "paths", None)
    if callable(paths):
        yield from map(str, paths())


def _check_path(path: str, raw: dict[str, Any], source: int) -> None:
    start: yaml.Path = ("data", "sources", source)
    where = next(_places_of(path, raw["data"]["sources"][source], start), start)
    if "\0" in path or not path.strip():
        raise Mistake(where, f"{short(path)} is no path", expected="the path of a file or folder")


def _places_of(text: str, raw: Any, path: yaml.Path) -> Iterator[yaml.Path]:
    """Where a text stands as a value below `raw`."""
    if raw == text:
        yield path
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _places_of(text, value, (*path, key))
    elif isinstance(raw, list):
        for i, value in enumerate(raw):
            yield from _places_of(text, value, (*path, i))


def _placed(
    mistake: Mistake, document: yaml.Document, changed: Mapping[yaml.Path, str]
) -> RecipeError:
    """The mistake with the line it stands in, or the override that caused it."""
    place = _place(document, changed, mistake.path, of_key=mistake.of_key)
    return RecipeError(mistake.what, expected=mistake.expected, fix=mistake.fix, place=place)


def _place(
    document: yaml.Document, changed: Mapping[yaml.Path, str], path: yaml.Path, *, of_key: bool
) -> Place:
    """Where a value (or its key) was written: in the document, or in an override."""
    place = document.place(path, of_key=of_key)
    for key, override in changed.items():
        inside = path[: len(key)] == key
        around = bool(path) and key[: len(path)] == path
        if inside or (around and not (of_key and path in document.keys)):
            place = Place(f"--set {override}")
    return place
