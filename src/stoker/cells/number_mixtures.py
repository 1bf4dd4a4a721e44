"""Columns of quantities in several units: `44.9小时` and `2.1天`, `357 m` and `5 km`, `1.2M`.

Where all units are of one known quantity, and every number but 0 has one, they can be converted;
what multiplies (`k`, `万`) may be missing.  `1h 30min` is the sum of its pieces.  Units that
nothing here knows are named, so that what looks like a measurement is never taken for a label in
silence.

Cost: microseconds for each distinct text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stoker.cells.compass import are_marked, sides
from stoker.cells.number_parts import Parts, parts_of
from stoker.cells.number_quantities import (
    Worth,
    are_temperatures,
    factors,
    in_order,
    is_multiplier,
)
from stoker.cells.number_units import family, is_measure

_PIECE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d_]+\.?|['\"\u2032\u2033])")
"""A number with what stands behind it."""
_COMPOUND = re.compile(rf"[+-]?(?:{_PIECE.pattern}(?:\s*,|\s+and|\s+und)?\s*)+")
_MOST_UNITS = 12
_MOST_UNKNOWN = 6
"""Of more words beside digits, such as the twelve months, none is a unit."""
_LONGEST_CODE = 2
"""Characters of digits that are a code with a letter: `1K`, `3B`."""
_NEARLY_ALL = 0.9
_FEWEST_NUMBERS = 3


def convertible(
    parts: Sequence[Parts | None], count_V: np.ndarray
) -> tuple[list[int], dict[str, Worth]]:
    """Places of texts in several units of one quantity, and what each unit is worth; empty: none.

    The commonest is worth 1, because a number without a unit is most likely in that.

    Args:
        parts: Different texts, None for one that is no number.
        count_V: Cells of each.
    """
    worth = _worth(parts, _by_cells(parts, count_V))
    are_degrees = are_temperatures(worth)
    may_be_bare = not are_degrees and any(map(is_multiplier, worth))
    keep = [
        i
        for i, one in enumerate(parts)
        if one
        and one.units <= worth.keys()
        and (one.units or may_be_bare or (one.is_zero and not are_degrees))
    ]
    kept = [one for i in keep if (one := parts[i])]
    sizes = {size_of(one, worth) for one in kept if are_degrees or not one.is_zero}
    is_code = may_be_bare and all(len(one.body) <= _LONGEST_CODE for one in kept)
    if len(sizes) <= 1 or is_code:
        return [], {}
    return keep, factors(worth, _by_cells(kept, count_V[keep])) or worth


def _worth(parts: Sequence[Parts | None], cells: Counter[str]) -> dict[str, Worth]:
    """What units of one quantity are worth, or sides of the compass; empty: they are of none.

    Args:
        parts: Different texts.
        cells: Cells of each unit.
    """
    are_signed = any(one and one.is_signed and one.units for one in parts)
    worth: dict[str, Worth] = {**sides(cells)} if are_marked(cells) and not are_signed else {}
    if worth:
        return worth
    for unit, _ in cells.most_common(_MOST_UNITS):
        more = factors([*worth, unit])
        if not more and not worth:
            return {}
        worth = more or worth
    return worth


def compound_options(texts: Sequence[str], count_V: np.ndarray) -> dict[str, Any]:
    r"""Options with which texts of several numbers with units are read; empty: they are none.

    The unit with which most end is worth 1.

    Args:
        texts: Different texts without blanks around them, none missing.
        count_V: Cells of each.

    >>> one = np.ones(2, np.int64)
    >>> compound_options(["1h 30min", "45min"], one), compound_options(["5'11\"", "6'"], one)
    ({'unit': {'min': 1.0, 'h': 60.0}}, {'unit': {'"': 1.0, "'": 12.0}})
    >>> compound_options(["2024年3月5日", "7"], one), compound_options(["45 min", "2 h"], one)
    ({}, {})
    """
    pieces, last = [], Counter[str]()
    for text, count in zip(texts, count_V.tolist(), strict=True):
        if _COMPOUND.fullmatch(text):
            pieces.append(_PIECE.findall(text))
            last[pieces[-1][-1][1]] += count
    units = dict.fromkeys(unit for each in pieces for _, unit in each)
    if len(units) > _MOST_UNITS or max(map(len, pieces), default=0) < 2:
        return {}
    worth = factors(units, last)
    if not worth:
        return {}
    has_comma = any("," in digits for each in pieces for digits, _ in each)
    decimal = {"decimal": ","} if has_comma else {}
    return {**decimal, "unit": in_order(worth)}


def unknown_units(texts: Sequence[str], count_V: np.ndarray) -> tuple[str, ...]:
    """The units of texts that are numbers in several ones, commonest first; empty: they are not.

    Args:
        texts: Different texts without blanks around them, none missing.
        count_V: Cells of each.

    >>> unknown_units(["1 box", "2 box", "5 box", "1 bag", "3 bag", "8 bag"], np.ones(6))
    ('box', 'bag')
    >>> unknown_units(["1. White", "2. Black", "3. Asian"], np.ones(3))
    ()
    """
    parts = list(map(parts_of, texts))
    keep = [i for i, one in enumerate(parts) if one and len(one.units) <= 1]
    if not keep or count_V[keep].sum() < _NEARLY_ALL * count_V.sum():
        return ()
    kept = [one for i in keep if (one := parts[i])]
    bodies: defaultdict[str, set[str]] = defaultdict(set)
    for one in kept:
        for unit in one.units:
            bodies[unit].add(one.body)
    units = [unit for unit, _ in _by_cells(kept, count_V[keep]).most_common()]
    has_fraction = any(sign in one.body for one in kept for sign in ".,")
    is_apart = all(one.is_apart for one in kept if one.after)
    measures = [
        unit for unit in units if is_measure(unit, is_apart=is_apart, has_fraction=has_fraction)
    ]
    used = [unit for unit in measures if len(bodies[unit]) >= _FEWEST_NUMBERS]
    are_several = len(set(map(family, used))) > 1 and len(units) <= _MOST_UNKNOWN
    return tuple(units) if are_several and len(measures) == len(units) else ()


def bodies(texts: Sequence[str]) -> list[str]:
    """The digits of texts with one unit each, with the signs between them.

    >>> bodies(["$1,200", "7 €", "none"])
    ['1,200', '7']
    """
    return [one.body for one in map(parts_of, texts) if one is not None]


def _by_cells(parts: Sequence[Parts | None], count_V: np.ndarray) -> Counter[str]:
    """Cells of each unit."""
    cells: Counter[str] = Counter()
    for one, count in zip(parts, count_V.tolist(), strict=True):
        for unit in one.units if one else ():
            cells[unit] += count
    return cells


def size_of(one: Parts, worth: Mapping[str, Worth]) -> tuple[float, float]:
    """By what the units of a text multiply it, and where they begin.

    >>> size_of(Parts("5", "", "km", False, False, True, False), {"m": 1.0, "km": 1000.0})
    (1000.0, 0.0)
    """
    size, begin = 1.0, 0.0
    for unit in one.units:
        factor, zero = each if isinstance(each := worth[unit], tuple) else (each, 0.0)
        size, begin = size * factor, begin + zero
    return size, begin
