"""Slots: the keys of a recipe that take steps, and how the steps that stand there are made.

A slot holds one step (`model: cnn`), a list (`clean: [exact_duplicates]`) or a mapping from column
to step (`inputs: {age: number}`).  Steps are validated as strict JSON: text is never turned into a
number, and `on` never into `true`.

Cost: importing the modules of the steps that are named.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from stoker.core.errors import RecipeError
from stoker.core.steps import find_step
from stoker.core.value import Value
from stoker.core.yaml import Path
from stoker.recipe.mistake import Mistake, dotted, mistakes, shown
from stoker.recipe.model import At, stage_of
from stoker.recipe.words import section_in

Form = Literal["one", "list", "mapping"]
_MOST_NAMES = 3


def form_of(field: FieldInfo) -> Form:
    """Whether a slot takes one step, a list of steps or a mapping from column to step."""
    origins = {get_origin(part) for part in (field.annotation, *get_args(field.annotation))}
    return "list" if tuple in origins else "mapping" if dict in origins else "one"


def kind_of(at: At) -> type[Value]:
    """The abstract class that the steps of a slot share, or the one step that fits."""
    return getattr(importlib.import_module(at.stage), at.kind)


def fill_slots(section: type[Value], raw: Any, path: Path = ()) -> Any:
    """The raw recipe with a step in every slot.

    Args:
        section: The class of the recipe, or of one of its sections.
        raw: What was written.
        path: Where it stands.

    Raises:
        Mistake: If a step is unknown, or one of its fields is wrong.
    """
    if not isinstance(raw, Mapping):
        return raw
    return {key: _fill(section, key, value, (*path, key)) for key, value in raw.items()}


def _fill(section: type[Value], key: str, value: Any, path: Path) -> Any:
    field = section.model_fields.get(key)
    if field is None:
        return value
    at = stage_of(field.metadata)
    if at is not None:
        return None if value is None else _fill_slot(at, form_of(field), value, path)
    inner = section_in(field.annotation)
    return fill_slots(inner, value, path) if inner else value


def _fill_slot(at: At, form: Form, value: Any, path: Path) -> Any:
    if form == "one":
        return make(at, value, path)
    if form == "list":
        if not isinstance(value, list | tuple):
            raise Mistake(
                path,
                f"{dotted(path)} is {shown(value)}",
                expected="a list of steps, such as [name, other: {field: value}]",
                fix=_bracketed(value),
            )
        return tuple(make(at, one, (*path, i)) for i, one in enumerate(value))
    if not isinstance(value, Mapping):
        raise Mistake(
            path,
            f"{dotted(path)} is {shown(value)}",
            expected="a mapping from column to step, such as {column: name}",
            fix=_mapped(at, value, path),
        )
    return {column: make(at, one, (*path, column)) for column, one in value.items()}


def _bracketed(value: Any) -> str | None:
    """What to do about one step where a list of them should stand."""
    if isinstance(value, str):
        return f"put it in brackets: [{value}]"
    return "put it in brackets: [{...}]" if isinstance(value, Mapping) else None


def _mapped(at: At, value: Any, path: Path) -> str | None:
    """What to write for columns that are named without a step."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
        return None
    step = "classify" if at.stage == "stoker.tasks" else "number"
    if not names or at.stage not in ("stoker.tasks", "stoker.features"):
        return None
    said = ", ".join(f"{name}: {step}" for name in names[:_MOST_NAMES])
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return f"say for each column how it is read, as in `{path[-1]}: {{{said}{more}}}`"


def make(at: At, spec: Any, path: Path) -> Value:
    """The step that a piece of recipe describes.

    Args:
        at: Which slot it stands in.
        spec: A step, a name, or one name with its fields.
        path: Where it stands.

    Raises:
        Mistake: If the form is another one, the name is unknown, or a field is wrong.
    """
    kind = kind_of(at)
    if isinstance(spec, kind):
        return spec
    if at.single:
        return _validate(kind, spec, path)
    if isinstance(spec, str):
        return _validate(_find(at, spec, kind, path, of_key=False), {}, path)
    if isinstance(spec, Mapping) and len(spec) == 1:
        (name, fields), *_ = spec.items()
        here = (*path, name)
        return _validate(
            _find(at, name, kind, here, of_key=True), {} if fields is None else fields, here
        )
    several = isinstance(spec, Mapping) and len(spec) > 1
    raise Mistake(
        path,
        f"{dotted(path)} is {shown(spec)}",
        expected="a name, or one name with its fields such as {name: {field: value}}",
        fix="indent the fields one level deeper than the name" if several else None,
    )


def _find(at: At, name: str, kind: type[Value], path: Path, *, of_key: bool) -> type[Value]:
    if at.own_only and ":" not in name:
        raise Mistake(
            path,
            f"{name} cannot stand here: what stoker has of its own is always used",
            expected="a step of your own, as module:Class",
            of_key=of_key,
        )
    try:
        return find_step(at.stage, name, kind)
    except RecipeError as error:
        raise Mistake(
            path, error.what, expected=error.expected, fix=error.fix, of_key=of_key
        ) from None


def _validate(step: type[Value], fields: Any, path: Path) -> Value:
    try:
        return step.model_validate_json(json.dumps(fields, default=_as_json), strict=True)
    except ValidationError as error:
        mistake = next(mistakes(error, step, fields, path))
        if isinstance(fields, str) and "path" in step.model_fields:
            mistake.fix = f"write {path[-1]}: {{path: {fields}}}"
        raise mistake from None


def _as_json(value: object) -> Any:
    """JSON form of what a recipe made in Python may hold."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Value):
        return value.model_dump(mode="json")
    return repr(value)
