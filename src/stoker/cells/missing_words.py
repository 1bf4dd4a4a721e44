"""Words that mean "no value", as a recipe lists them.

    missing: ["k.A."]            these, and none of the usual ones
    missing: {also: ["k.A."]}    the usual ones, and these

Both are read as the whole list, so a recipe means the same in either form and a bundle holds what
was in force when it was made.

Cost: microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from stoker.cells.raw import MISSING_NUMBERS, MISSING_TEXTS

_KEY = "also"
_LIST = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {
    "anyOf": [
        _LIST,
        {
            "type": "object",
            "properties": {_KEY: _LIST},
            "required": [_KEY],
            "additionalProperties": False,
        },
    ]
}


def whole_list(given: object, usual: Sequence[str]) -> object:
    """All words of a list in either form; anything else as it is.

    Args:
        given: What a recipe says.
        usual: The words that hold where it says nothing.

    >>> whole_list({"also": ["k.A.", "NA"]}, ("NA", "?")), whole_list(["k.A."], ("NA", "?"))
    (('NA', '?', 'k.A.'), ('k.A.',))

    Raises:
        ValueError: If a mapping says something else.
    """
    if not isinstance(given, Mapping):
        return tuple(given) if isinstance(given, list) else given
    words = given.get(_KEY)
    if len(given) != 1 or not isinstance(words, list | tuple):
        raise ValueError(f"a mapping says {{{_KEY}: [...]}}, the words beside the usual ones")
    return tuple(dict.fromkeys([*usual, *words]))


def short_form(words: Sequence[str], usual: Sequence[str]) -> list[str] | dict[str, list[str]]:
    """A list of words in the shorter of its two forms.

    >>> short_form(["NA", "?", "k.A."], ("NA", "?")), short_form(["k.A."], ("NA", "?"))
    ({'also': ['k.A.']}, ['k.A.'])
    """
    others = [word for word in words if word not in usual]
    return {_KEY: others} if others and set(usual) <= set(words) else list(words)


def _beside_numbers(given: Any) -> object:
    return whole_list(given, MISSING_NUMBERS)


def _beside_texts(given: Any) -> object:
    return whole_list(given, MISSING_TEXTS)


MissingNumbers = Annotated[
    tuple[str, ...], BeforeValidator(_beside_numbers), WithJsonSchema(_SCHEMA)
]
"""Words among numbers, moments, yes and no."""

MissingTexts = Annotated[tuple[str, ...], BeforeValidator(_beside_texts), WithJsonSchema(_SCHEMA)]
"""Words in a column of any kind."""
