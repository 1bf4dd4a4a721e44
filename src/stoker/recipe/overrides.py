"""Overrides: `--set train.epochs=3` changes one key of a recipe before it is checked.

The key is the dotted path that errors and `describe` use; a number is a position in a list (one
past the end appends), and a name with dots goes in double quotes.  The value is strict YAML.
Missing sections are made, and a step that was written as a bare name can be given fields.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from stoker.core.errors import Place, RecipeError
from stoker.core.names import short
from stoker.core.yaml import Path, parse_yaml

_BLOCK_SIGNS = (">", "|")
"""Begin a block of lines in YAML, which one argument cannot hold; here they are text: `>= 0.9`."""
_PART = re.compile(r'"([^"]+)"|([^".]+)')


def parse_override(text: str) -> tuple[Path, Any]:
    """Path and value of one override.

    Raises:
        RecipeError: If it is not KEY=VALUE, or the value is not YAML.

    >>> parse_override("data.split.test=0.2")
    (('data', 'split', 'test'), 0.2)
    >>> parse_override('inputs."a.b"=number')
    (('inputs', 'a.b'), 'number')
    >>> parse_override("evaluate.gates.accuracy=>= 0.9")
    (('evaluate', 'gates', 'accuracy'), '>= 0.9')
    """
    key, equals, value = text.partition("=")
    place = Place(f"--set {short(text)}")
    if not equals or not re.fullmatch(rf"({_PART.pattern})(\.({_PART.pattern}))*", key.strip()):
        raise RecipeError(
            "cannot be read", expected="KEY=VALUE such as train.epochs=3", place=place
        )
    parts = [quoted or plain for quoted, plain in _PART.findall(key.strip())]
    path = tuple(int(part) if part.isdecimal() else part for part in parts)
    if value.lstrip().startswith(_BLOCK_SIGNS):
        return path, value.strip()
    return path, parse_yaml(value, file=place.file).value if value.strip() else None


def apply_override(recipe: dict[str, Any], text: str) -> tuple[dict[str, Any], Path]:
    """A copy of the raw recipe with one key changed, and the path of that key.

    Raises:
        RecipeError: If the path leads through something that has no such part.

    >>> apply_override({"model": "cnn"}, "model.cnn.width=64")
    ({'model': {'cnn': {'width': 64}}}, ('model', 'cnn', 'width'))
    """
    path, value = parse_override(text)
    changed = copy.deepcopy(recipe)
    here: Any = changed
    for depth, key in enumerate(path[:-1]):
        _check_part(here, key, text)
        inner = _get(here, key)
        if inner is None or (isinstance(inner, str) and inner == path[depth + 1]):
            inner = {} if inner is None else {inner: {}}
            _set(here, key, inner)
        here = inner
    _check_part(here, path[-1], text)
    _set(here, path[-1], value)
    return changed, path


def _check_part(here: Any, key: str | int, text: str) -> None:
    place = Place(f"--set {short(text)}")
    if isinstance(here, list):
        if not isinstance(key, int) or key > len(here):
            raise RecipeError(
                f"{key!r} is not a position in a list of {len(here)}",
                expected=f"a number from 0 to {len(here)}",
                place=place,
            )
    elif not isinstance(here, dict):
        raise RecipeError(
            f"{short(here)} has no key {str(key)!r}", expected="a key of a mapping", place=place
        )


def _get(here: Any, key: str | int) -> Any:
    if isinstance(here, list):
        assert isinstance(key, int)
        return here[key] if key < len(here) else None
    return here.get(str(key))


def _set(here: Any, key: str | int, value: Any) -> None:
    if isinstance(here, dict):
        here[str(key)] = value
    elif key == len(here):
        here.append(value)
    else:
        here[key] = value
