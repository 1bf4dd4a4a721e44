"""Sides of the compass beside numbers: of `2.9024°W` and `0.8351°E` the first is below zero.

South and west are below zero, as maps have it.  `O` is west beside `E` (ouest, oeste) and east
beside `W` (Ost).  One side alone says nothing, and a letter without a degree (`W`, `S`) may be a
unit, so that is only told.

Cost: microseconds.

Source: ISO 6709, https://www.iso.org/standard/75147.html
"""

from __future__ import annotations

from collections.abc import Iterable

_PAIRS = (
    (("e", "east"), ("w", "west")),
    (("o", "ost"), ("w", "west")),
    (("e", "est", "este"), ("o", "ouest", "oeste")),
    (("n", "north", "nord", "norte"), ("s", "south", "süd", "sud", "sur")),
    (("东经", "东"), ("西经", "西")),
    (("北纬", "北"), ("南纬", "南")),
)
"""Of each the first stays above zero and the second is below it."""
_DEGREES = "\u00b0\u00ba"


def sides(units: Iterable[str]) -> dict[str, float]:
    """By what each of some units multiplies if they are two sides of the compass; empty: not so.

    Args:
        units: What stands beside digits, as it is spelled.

    >>> sides(["°W", "°E"]), sides(["N", "S"]), sides(["°O", "°W"]), sides(["O", "E"])
    ({'°E': 1.0, '°W': -1.0}, {'N': 1.0, 'S': -1.0}, {'°O': 1.0, '°W': -1.0}, {'E': 1.0, 'O': -1.0})
    >>> sides(["W"]), sides(["W", "kg"])
    ({}, {})
    """
    names = {unit: _name(unit) for unit in units}
    for above, below in _PAIRS:
        signs = {unit: 1.0 if name in above else -1.0 for unit, name in names.items()}
        are_all = all(name in above + below for name in names.values())
        if are_all and len(set(signs.values())) > 1:
            return dict(sorted(signs.items(), key=lambda pair: -pair[1]))
    return {}


def is_side(unit: str) -> bool:
    """Whether it names a side of the compass.

    >>> is_side("°W"), is_side("kg")
    (True, False)
    """
    return any(_name(unit) in above + below for above, below in _PAIRS)


def _name(unit: str) -> str:
    return unit.strip(f"{_DEGREES} .").casefold()


def are_marked(units: Iterable[str]) -> bool:
    """Whether none of some sides is a lone letter, which may be a unit.

    >>> are_marked(["°W", "°E"]), are_marked(["W", "E"])
    (True, False)
    """
    return all(len(unit.strip()) > 1 for unit in units)
