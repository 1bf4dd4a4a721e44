"""What a key takes, in words, read from the field's own type and description.

The words come from the field's JSON Schema, so a new field explains itself in errors and in
`stoker describe` without a line written for it.
"""

from __future__ import annotations

from typing import Any, get_args

from stoker.core.meanings import meaning_of
from stoker.core.value import Value
from stoker.core.yaml import Path

_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "below"),
)
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}


def keys_of(owner: type[Value] | None) -> list[str]:
    """The keys of a section or step, in order."""
    return list(owner.model_fields) if owner else []


def keys_below(owner: type[Value] | None) -> list[str]:
    """The keys of the sections inside a section, each with the section's own key."""
    fields = owner.model_fields if owner else {}
    inner = {key: keys_of(section_in(field.annotation)) for key, field in fields.items()}
    return [f"{key}.{name}" for key, names in inner.items() for name in names]


def section_at(owner: type[Value], path: Path) -> type[Value] | None:
    """The section or step class that a path leads to, starting in `owner`."""
    here: type[Value] | None = owner
    for key in path:
        if isinstance(key, int) or here is None or key not in here.model_fields:
            continue
        here = section_in(here.model_fields[key].annotation)
    return here


def section_in(annotation: Any) -> type[Value] | None:
    """The section class in a type such as `Split`, `Compress | None`, `tuple[Rule, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_in(part))), None)


def field_words(owner: type[Value], path: Path, *, with_meaning: bool = True) -> str:
    """What the key at a path below `owner` takes, and what it means.

    >>> from stoker.recipe.model import Recipe
    >>> field_words(Recipe, ("train", "epochs"))
    'a whole number at least 1 or null (passes over the training part)'
    """
    here: type[Value] | None = owner
    words = f"a mapping with {_listed(keys_of(owner))}"
    schema: dict[str, Any] = {}
    meaning = ""
    for key in path:
        name = str(key)
        if here is None or name not in here.model_fields:
            schema = _inner(schema)
        else:
            schema, meaning = field_schema(here, name), f" ({_meaning(here, name)})"
            here = section_in(here.model_fields[name].annotation)
        words = schema_words(schema, meaning if with_meaning else "")
    return words


def field_schema(owner: type[Value], name: str) -> dict[str, Any]:
    """The JSON Schema of one field, references resolved."""
    return inlined(owner)["properties"][name]


def inlined(owner: type[Value]) -> dict[str, Any]:
    """The JSON Schema of a section or step with every reference replaced by what it means."""
    whole = owner.model_json_schema()
    return _resolve(whole, whole.pop("$defs", {}))


def schema_words(schema: dict[str, Any], meaning: str = "") -> str:
    """A JSON Schema in words.

    >>> schema_words({"anyOf": [{"enum": ["auto"]}, {"type": "integer", "minimum": 1}]})
    "'auto' or a whole number at least 1"
    >>> schema_words({"type": "array", "items": {"type": "string"}})
    'a list, each text'
    """
    if schema.get("format") == "duration":
        return "a duration like 30s, 5m or 1h30m" + meaning
    if "anyOf" in schema:
        parts = [schema_words(part) for part in schema["anyOf"]]
        joined = ", or ".join(parts) if any("," in part for part in parts) else " or ".join(parts)
        return joined + meaning
    return _plain_words(schema) + meaning


def _plain_words(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("type") == "array":
        return _list_words(schema)
    if schema.get("type") == "object":
        return _mapping_words(schema)
    pattern = [f"that matches {schema['pattern']}"] if "pattern" in schema else []
    return " ".join([_TYPES.get(str(schema.get("type")), "any value"), *_bounds(schema), *pattern])


def _bounds(schema: dict[str, Any]) -> list[str]:
    if "minimum" in schema and "maximum" in schema:
        return [f"from {schema['minimum']:,.15g} to {schema['maximum']:,.15g}"]
    found = [f"{word} {schema[key]:,.15g}" for key, word in _BOUNDS if key in schema]
    return [" and ".join(found)] if found else []


def _inner(schema: dict[str, Any]) -> dict[str, Any]:
    """What the items of a list or the values of a mapping are."""
    for part in (schema, *schema.get("anyOf", [])):
        for key in ("items", "additionalProperties"):
            if isinstance(part.get(key), dict):
                return part[key]
    return {}


def _list_words(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"a list [{', '.join(schema_words(item) for item in schema['prefixItems'])}]"
    least = ", at least one," if schema.get("minItems") else ","
    return f"a list{least} each {schema_words(schema.get('items', {}))}"


def _mapping_words(schema: dict[str, Any]) -> str:
    if "properties" in schema:
        return f"a mapping with {_listed(list(schema['properties']))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"a mapping of names, each to {schema_words(schema['additionalProperties'])}"
    return "a mapping"


def _listed(names: list[str]) -> str:
    return f"the key{'s' * (len(names) > 1)} {', '.join(names)}" if names else "no keys"


def _meaning(owner: type[Value], name: str) -> str:
    """The description as part of a sentence."""
    text = " ".join((meaning_of(owner, name) or name).split()).rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _resolve(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolve(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return {key: _resolve(part, definitions) for key, part in schema.items()}
