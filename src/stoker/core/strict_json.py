"""JSON read strictly: no duplicate keys, no NaN, no endless nesting.

Python's own reader keeps the last of two equal keys, takes `NaN`, and overflows its stack on deep
nesting.  Files that stoker reads back must not have two meanings, so each of these is an error.

Cost: about that of `json.loads`.
"""

from __future__ import annotations

import json
from typing import Any


def parse_json(data: bytes | str) -> Any:
    """The value that strict JSON text stands for.

    Raises:
        ValueError: If it is not JSON or not UTF-8, or holds a key twice, NaN or infinity, or is
            nested too deeply to read.

    >>> parse_json('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
