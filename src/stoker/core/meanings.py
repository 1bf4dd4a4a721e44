"""What a field of a class means: the text that stands under it in the source.

Pydantic would read these texts for every class at the moment it is made, which took a third of a
second in each command, and next to no command shows any.  Here they are read when they are asked
for: by `stoker describe`, an error in a recipe, a JSON Schema or the documentation.

Cost: one parse of the source of a class, once a process.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel


def meaning_of(owner: type[BaseModel], name: str) -> str:
    """The text under a field, or its `description`; empty if there is neither.

    >>> from stoker.recipe.model import Split
    >>> meaning_of(Split, "time")
    'Column to order by: the oldest rows train, the newest test.'
    """
    described = owner.model_fields[name].description
    if described is not None:
        return described
    definer = next((c for c in owner.__mro__ if name in inspect.get_annotations(c)), None)
    return _texts(definer).get(name, "") if definer else ""


def add_meanings(schema: dict[str, Any], owner: type[BaseModel]) -> None:
    """Say in a JSON Schema of a class what each of its fields means."""
    for name, facts in schema.get("properties", {}).items():
        text = meaning_of(owner, name) if name in owner.model_fields else ""
        if text:
            facts.setdefault("description", text)


@cache
def _texts(owner: type) -> Mapping[str, str]:
    """The texts under the fields that a class itself defines; none where there is no source."""
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):
        return MappingProxyType({})
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            words = _text(text)
            if words is not None:
                found[field.target.id] = inspect.cleandoc(words)
    return MappingProxyType(found)


def _text(statement: ast.stmt) -> str | None:
    """What a statement says that is nothing but a text."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return value if isinstance(value, str) else None
    return None
