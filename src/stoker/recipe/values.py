"""Values that a recipe writes as text: durations.

Numbers are strict everywhere in a recipe: `"5"` is text, `5` is a number, and `on` is not `true`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema

_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]


def parse_duration(value: object) -> float:
    """Seconds of a duration such as `30s`, `5m` or `1h30m`; a bare number is seconds.

    Raises:
        ValueError: If it is anything else, or not above zero.

    >>> parse_duration("1h30m"), parse_duration("90s"), parse_duration(2)
    (5400.0, 90.0, 2.0)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and re.fullmatch(rf"(?:{_PIECE.pattern})+", value):
        seconds = sum(float(n) * _SECONDS[unit] for n, unit in _PIECE.findall(value))
    else:
        raise ValueError("a duration is written like 30s, 5m or 1h30m")
    if not 0 < seconds < 1e9:
        raise ValueError("a duration is above zero and below 30 years")
    return seconds


_DURATION: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": f"^({_PIECE.pattern.replace('?:', '')})+$"},
        {"type": "number", "exclusiveMinimum": 0},
    ],
    "format": "duration",
    "examples": ["30s", "5m", "1h30m"],
}
Duration = Annotated[float, BeforeValidator(parse_duration), WithJsonSchema(_DURATION)]
"""Seconds, written as `30s`, `5m`, `1h30m` or a number of seconds."""

Share = Annotated[float, Strict(), Field(ge=0, lt=1)]
"""A part of a whole, in [0, 1)."""

Weight = Annotated[float, Strict(), Field(gt=0, le=1e6)]
"""How much something counts, above 0."""
