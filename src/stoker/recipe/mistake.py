"""A mistake in a recipe: which key, what was found, what was expected; the line is added later.

pydantic's errors are turned into the user's words here: the key as a dotted path, the value as it
was written, and what the field takes, read from its own type and description.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, final

from pydantic import ValidationError

from stoker.core.names import short
from stoker.core.value import Value
from stoker.core.yaml import Path
from stoker.recipe.words import field_words, keys_below, keys_of, section_at

_LAST = {"extra_forbidden": 0, "missing": 2}
"""Kinds of mistake that are told first and last."""


@final
class Mistake(Exception):
    """What is wrong at one path of the recipe."""

    def __init__(
        self,
        path: Path,
        what: str,
        *,
        expected: str | None = None,
        fix: str | None = None,
        of_key: bool = False,
    ) -> None:
        """Keep the parts.

        Args:
            path: Keys and positions from the top.
            what: What was found.
            expected: What would be right.
            fix: What to try.
            of_key: Whether the key is wrong rather than its value.
        """
        super().__init__(what)
        self.path, self.what, self.expected, self.fix = path, what, expected, fix
        self.of_key = of_key


def dotted(path: Path) -> str:
    """The path as a user writes it for `--set` and `describe`.

    >>> dotted(("data", "sources", 0, "csv", "path")), dotted(())
    ('data.sources.0.csv.path', 'the recipe')
    """
    return ".".join(map(str, path)) or "the recipe"


def shown(value: object) -> str:
    """The value as YAML would write it, in one line.

    >>> shown("no"), shown(None), shown(True), shown([1, 2])
    ("'no'", 'null', 'true', '[1, 2]')
    """
    if isinstance(value, str):
        return short(value)
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return short(value)
    return text if len(text) <= 80 else text[:77] + "..."


def unknown_key(path: Path, known: list[str], below: Sequence[str] = ()) -> Mistake:
    """A key that is not one of `known`; the path ends with it.

    Args:
        path: Where it stands.
        known: Keys that may stand there.
        below: Keys of the sections there, such as `data.sources`; one may be meant.
    """
    near = get_close_matches(str(path[-1]), known, n=1) or _near_below(str(path[-1]), below)
    return Mistake(
        path,
        f"unknown key {str(path[-1])!r} in {dotted(path[:-1])}",
        expected=f"one of {', '.join(known)}" if known else "no keys at all",
        fix=f"did you mean {near[0]!r}?" if near else None,
        of_key=True,
    )


def _near_below(name: str, below: Sequence[str]) -> list[str]:
    """The nearest key of a section, with its section."""
    by_key = {one.rpartition(".")[2]: one for one in reversed(below)}
    return [by_key[key] for key in get_close_matches(name, by_key, n=1, cutoff=0.8)]


def mistakes(error: ValidationError, owner: type[Value], raw: Any, at: Path) -> Iterator[Mistake]:
    """Each thing that pydantic found wrong, once.

    Args:
        error: What pydantic said.
        owner: The class that was validated.
        raw: What it was given.
        at: Where `raw` stands in the recipe.
    """
    seen: set[Path] = set()
    found = error.errors(include_url=False)
    # A key that is written wrong is one that is lacking too: the first says what to do.
    for one in sorted(found, key=lambda one: _LAST.get(one["type"], 1)):
        below = _written(one["loc"], raw, with_last=one["type"] in ("missing", "extra_forbidden"))
        if below in seen:
            continue
        seen.add(below)
        yield _mistake(one, owner, at, below)


def _mistake(one: Any, owner: type[Value], at: Path, below: Path) -> Mistake:
    path = (*at, *below)
    if one["type"] == "extra_forbidden":
        section = section_at(owner, below[:-1])
        return unknown_key(path, keys_of(section), keys_below(section))
    expected = field_words(owner, below)
    if one["type"] == "missing":
        what = f"{dotted(path[:-1])} lacks the key {str(path[-1])!r}"
        return Mistake(path[:-1], what, expected=expected, of_key=True)
    if one["type"] == "value_error":
        return Mistake(path, f"{dotted(path)}: {one['ctx']['error']}", expected=expected)
    return Mistake(path, f"{dotted(path)} is {shown(one['input'])}", expected=expected)


def _written(location: tuple[str | int, ...], raw: Any, *, with_last: bool) -> Path:
    """The part of pydantic's location that is in the recipe.

    pydantic puts names of union members between the keys; from the first of them on the whole
    value is meant, because no member fits.
    """
    path: Path = ()
    for depth, key in enumerate(location):
        if _has(raw, key):
            raw = raw[key]
        elif not (with_last and depth == len(location) - 1):
            return path
        path = (*path, key)
    return path


def _has(raw: Any, key: str | int) -> bool:
    if isinstance(raw, Mapping):
        return key in raw
    return isinstance(raw, list | tuple) and isinstance(key, int) and key < len(raw)
