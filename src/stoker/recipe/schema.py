"""The recipe as JSON Schema 2020-12, with every step that is installed, for editors.

An editor that speaks YAML completes and checks a recipe whose first line is
`# yaml-language-server: $schema=recipe.schema.json`.  The schema accepts what `load_recipe`
accepts, except for rules between keys, which only stoker checks.

Cost: importing every step.
"""

from __future__ import annotations

from typing import Any

from stoker.core.own_code import OWN_STEP
from stoker.core.steps import find_step, step_names
from stoker.core.value import Value
from stoker.recipe.model import At, Recipe, stage_of
from stoker.recipe.slots import form_of, kind_of
from stoker.recipe.words import inlined, section_in


def json_schema() -> dict[str, Any]:
    """JSON Schema of a whole recipe.

    >>> schema = json_schema()
    >>> sorted(schema["required"]), schema["$schema"]
    (['data', 'name', 'target', 'version'], 'https://json-schema.org/draft/2020-12/schema')
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_section(Recipe),
        "title": "Stoker recipe",
    }


def _section(owner: type[Value]) -> dict[str, Any]:
    """Schema of a section, with its slots filled in."""
    schema = inlined(owner)
    for name, field in owner.model_fields.items():
        at = stage_of(field.metadata)
        inner = section_in(field.annotation)
        if at is not None:
            found = _slot(at, form_of(field), needed=field.is_required())
        elif inner is not None:
            found = _section(inner)
        else:
            continue
        old = schema["properties"][name]
        extra = {key: old[key] for key in ("description", "default") if key in old}
        if not field.is_required() and field.default is None:
            found = {"anyOf": [found, {"type": "null"}]}
        schema["properties"][name] = {**found, **extra}
    if owner is Recipe:
        compress = schema["properties"]["compress"]
        compress.pop("default")
        off = [{"type": "null"}, {"const": "off"}]
        schema["properties"]["compress"] = {"anyOf": [compress, *off]}
    return schema


def _slot(at: At, form: str, *, needed: bool) -> dict[str, Any]:
    if at.single:
        return inlined(kind_of(at))
    step = _step(at)
    if form == "list":
        return {"type": "array", "items": step, "minItems": int(needed)}
    if form == "mapping":
        return {"type": "object", "additionalProperties": step, "minProperties": 1}
    return step


def _step(at: At) -> dict[str, Any]:
    """A name, or one name with its fields."""
    names = [] if at.own_only else step_names(at.stage)
    steps = {name: find_step(at.stage, name, kind_of(at)) for name in names}
    bare = [
        name
        for name, step in steps.items()
        if not any(field.is_required() for field in step.model_fields.values())
    ]
    return {
        "anyOf": [
            *([{"enum": bare}] if bare else []),
            {"type": "string", "pattern": OWN_STEP},
            {
                "type": "object",
                "properties": {
                    name: {"anyOf": [inlined(step), *([{"type": "null"}] if name in bare else [])]}
                    for name, step in steps.items()
                },
                "patternProperties": {OWN_STEP: {}},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }
