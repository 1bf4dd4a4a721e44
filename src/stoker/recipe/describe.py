"""Explain a key of the recipe in the terminal: what it means, what it takes, its default.

Everything comes from the classes themselves, so a new step explains itself.  Lists of steps read
the first line of each file; only the step that is asked for is imported.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import textwrap
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from stoker.core.errors import RecipeError
from stoker.core.meanings import meaning_of
from stoker.core.steps import find_step, step_names
from stoker.core.value import Value
from stoker.recipe.model import At, Recipe, stage_of
from stoker.recipe.slots import form_of, kind_of
from stoker.recipe.words import field_words, section_in

_WIDTH = 92
_FORMS = {
    "one": "a step: its name, or {name: {field: value}}",
    "list": "a list of steps, each a name or {name: {field: value}}",
    "mapping": "a mapping from column to step, each a name or {name: {field: value}}",
}


def describe(key: str = "") -> str:
    """What a key means and takes, as text for a terminal.

    Args:
        key: Dotted path such as `train.epochs`, `model.cnn.width`, `data.clean`; the name alone
            (`width`) finds every place that has it; empty: the whole recipe.

    Raises:
        RecipeError: If there is no such key, with the nearest one.

    >>> print(describe("train.epochs"))
    train.epochs
      Passes over the training part.
      takes:    a whole number at least 1 or null
      default:  null
    """
    parts = [part for part in key.split(".") if part]
    return _walk(Recipe, parts, "").rstrip()


def _walk(owner: type[Value], parts: list[str], path: str) -> str:
    """The text for the key that `parts` lead to below a section or step."""
    if not parts:
        return _section_text(owner, path)
    name, *rest = parts
    field = owner.model_fields.get(name)
    if field is None:
        return _elsewhere(owner, name, path, parts)
    here = f"{path}.{name}".lstrip(".")
    at = stage_of(field.metadata)
    if at and not at.single:
        return _walk_slot(at, owner, name, rest, here)
    inner = kind_of(at) if at else section_in(field.annotation)
    if inner is not None and (rest or at or not _plain(owner, name)):
        return _walk(inner, rest, here)
    if rest:
        raise RecipeError(f"{here} has no key {rest[0]!r}", expected=field_words(owner, (name,)))
    return _field_text(owner, name, here)


def _walk_slot(at: At, owner: type[Value], key: str, parts: list[str], path: str) -> str:
    known = step_names(at.stage)
    if len(parts) > 1 and parts[0] not in known and parts[1] in known:
        parts = parts[1:]  # a column, or a position in a list
    if not parts:
        return _slot_text(at, owner, key, path)
    name, *rest = parts
    step = find_step(at.stage, name, kind_of(at))
    return _walk(step, rest, f"{path}.{name}")


def _elsewhere(owner: type[Value], name: str, path: str, parts: list[str]) -> str:
    """Every place that has a key of this name, if the path is the name alone."""
    found = [] if path or len(parts) > 1 else _places(Recipe, name, "")
    if found:
        return "\n\n".join(_walk(Recipe, place.split("."), "") for place in found)
    known = list(owner.model_fields)
    near = get_close_matches(name, known, n=1)
    raise RecipeError(
        f"no key {name!r} in {path or 'the recipe'}",
        expected=f"one of {', '.join(known)}" if known else "no keys at all",
        fix=f"did you mean {f'{path}.{near[0]}'.lstrip('.')!r}?" if near else None,
    )


def _places(owner: type[Value], name: str, path: str) -> list[str]:
    found = []
    for key, field in owner.model_fields.items():
        here = f"{path}.{key}".lstrip(".")
        at = stage_of(field.metadata)
        if key == name:
            found.append(here)
        elif at and not at.single:
            for step in step_names(at.stage):
                if step == name:
                    found.append(f"{here}.{step}")
                elif name in find_step(at.stage, step, kind_of(at)).model_fields:
                    found.append(f"{here}.{step}.{name}")
        elif inner := (kind_of(at) if at else section_in(field.annotation)):
            found += _places(inner, name, here)
    return found


def _section_text(owner: type[Value], path: str) -> str:
    lines = [path or "the recipe", *_paragraph(_about(owner))]
    if owner.model_fields:
        lines.append("  keys:")
    for key in owner.model_fields:
        lines += _item(key, f"{_one_line(meaning_of(owner, key))}{_default_note(owner, key)}")
    return "\n".join(lines)


def _slot_text(at: At, owner: type[Value], key: str, path: str) -> str:
    field = owner.model_fields[key]
    lines = [path, *_paragraph(meaning_of(owner, key))]
    form = _FORMS[form_of(field)]
    own = "a list of your own steps, each module:Class or {module:Class: {field: value}}"
    lines.append(f"  takes:    {own if at.own_only else form}")
    lines += _default_lines(owner, key)
    lines.append("  always there:" if at.own_only else "  steps:")
    for name in step_names(at.stage):
        lines += _item(name, _headline(f"{at.stage}.{name}"))
    lines.append(f"  more:     stoker describe {path}.{step_names(at.stage)[0]}")
    return "\n".join(lines)


def _field_text(owner: type[Value], key: str, path: str) -> str:
    field = owner.model_fields[key]
    words = field_words(owner, (key,), with_meaning=False)
    lines = [path, *_paragraph(meaning_of(owner, key)), f"  takes:    {words}"]
    lines += _default_lines(owner, key)
    if field.examples:
        lines.append(f"  example:  {key}: {_shown(field.examples[0])}")
    return "\n".join(lines)


def _default_lines(owner: type[Value], key: str) -> list[str]:
    field = owner.model_fields[key]
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return ["  needed:   yes"]
    return [f"  default:  {_shown(value)}"]


def _default_note(owner: type[Value], key: str) -> str:
    field = owner.model_fields[key]
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return " (needed)"
    if value is None or isinstance(value, Value):
        return ""
    return f" ({_shown(value)})"


def _plain(owner: type[Value], key: str) -> bool:
    """Whether the key takes a value rather than being a section of its own."""
    return section_in(owner.model_fields[key].annotation) is None


def _shown(value: Any) -> str:
    if isinstance(value, Value):
        return "{}"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _about(owner: type[Value]) -> str:
    return _one_line((owner.__doc__ or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _headline(module: str) -> str:
    """First line of a module's own description, read without importing it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return _one_line(text.split("\n\n")[0])


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), _WIDTH, initial_indent="  ", subsequent_indent="  "
    )


def _item(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        text or " ", _WIDTH, initial_indent=f"    {name:<18} ", subsequent_indent=" " * 23
    )
