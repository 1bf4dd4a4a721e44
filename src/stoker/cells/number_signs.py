"""Find the signs between thousands and before fractions of the numbers of a column.

A sign before three digits each time stands between thousands or before a fraction: `1.542`.  Two
facts of the column tell which.

Sizes: where units are converted, `504 m` and `1.872 km` lie together as 504 and 1,872 metres, and
a thousand times apart as 504 and 1,872,000; the meaning that brings signed numbers to the others is
taken.

Cells of the same unit that have no such sign, none of them above 999 (`572`): then it stands
between thousands, because of decimals that are cut to what they need every tenth would be shorter
and hardly one whole, and of those that are not none would be without a sign.  Cells of another unit
prove nothing: metres are whole where kilometres have three decimals.

Otherwise nothing in the column tells, and what the rest of the file says decides; the finder says
whether that was so.

Cost: 1 µs for each distinct text and pair of signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from stoker.cells.number_mixtures import size_of
from stoker.cells.number_parts import Parts
from stoker.cells.number_quantities import Worth
from stoker.cells.number_units import is_currency

SignPair = tuple[str, str]
"""The sign between thousands, empty if there is none, and the one before the fraction."""

_SIGNS: tuple[SignPair, ...] = (
    *(("", "."), (",", "."), ("", ","), (".", ",")),
    *((" ", "."), (" ", ","), ("'", "."), ("'", ",")),
)
"""The commonest first."""
_GROUPED = r"[1-9]\d{{0,2}}({0}\d{{3}})+"
_LAKH = r"[1-9]\d?(,\d{2})*,\d{3}"
_TWO_MEANINGS = {("", "."): (".", ","), (",", "."): ("", ",")}
"""Signs, and those that may be meant instead: the same sign with the other meaning."""
_FEWEST_SIGNED = 3
_MANY_ENDINGS = 20
"""Endings of three digits that chance does not give to fractions such as thirds."""
_MIDDLE = (5, 95)
"""Percentiles between which nearly all numbers lie."""
_NEARER = 10.0
"""How many times as near one meaning has to bring the numbers as the other."""


def signs_of(
    kept: Sequence[Parts],
    count_V: np.ndarray,
    *,
    least: float,
    decimal: str,
    worth: Mapping[str, Worth],
) -> Iterator[tuple[SignPair, bool]]:
    """Signs that read enough cells, those that read most first; whether they may mean another.

    Args:
        kept: Different texts.
        count_V: Cells of each.
        least: Cells that must be readable.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
        worth: What each unit is worth where several are converted; empty: none is.
    """
    shares: dict[SignPair, int] = {}
    for pair in _SIGNS:
        shares[pair] = _cells(kept, count_V, pair)
        if shares[pair] == count_V.sum():
            break
    for pair in sorted(shares, key=lambda pair: -shares[pair]):
        if shares[pair] >= least:
            other = _TWO_MEANINGS.get(pair)
            if other and shares[pair] == _cells(kept, count_V, other):
                pattern = _body(*pair)
                read = [one for one in kept if pattern.fullmatch(one.body)]
                yield _meant(read, pair, decimal, worth)
            else:
                yield pair, False


def _meant(
    kept: Sequence[Parts], pair: SignPair, decimal: str, worth: Mapping[str, Worth]
) -> tuple[SignPair, bool]:
    """Of two meanings of one sign that both read all cells: the one meant, and whether in doubt."""
    sign = "." if pair == ("", ".") else ","
    if not any(sign in one.body for one in kept):
        return pair, False
    by_meaning = {"thousands": _TWO_MEANINGS[pair], "decimal": pair}
    if sign == ",":
        by_meaning = {"thousands": pair, "decimal": _TWO_MEANINGS[pair]}
    told = _by_size(kept, sign, worth) or _by_bare(kept, sign, worth)
    if told:
        return by_meaning[told], False
    liked = "decimal" if decimal == sign else "thousands"
    if not decimal:
        is_money = all(map(is_currency, {unit for one in kept for unit in one.units} or {""}))
        liked = "thousands" if sign == "," or is_money else "decimal"
    return by_meaning[liked], not decimal or by_meaning[liked] != pair


def _by_size(kept: Sequence[Parts], sign: str, worth: Mapping[str, Worth]) -> str:
    """Which meaning brings numbers of several units together; empty: both do, or neither."""
    sized = [(one, abs(size_of(one, worth)[0])) for one in kept if worth and not one.is_zero]
    signed = [each for each in sized if sign in each[0].body]
    bare_B = np.array([_value(one, sign, "") * size for one, size in sized if sign not in one.body])
    if len({size for _, size in sized}) < 2 or not len(bare_B) or len(signed) < _FEWEST_SIGNED:
        return ""
    point, nothing = (
        _times_apart(np.array([_value(one, sign, each) * size for one, size in signed]), bare_B)
        for each in (".", "")
    )
    if max(point, nothing) < _NEARER * min(point, nothing):
        return ""
    return "decimal" if point < nothing else "thousands"


def _value(one: Parts, sign: str, meaning: str) -> float:
    """The digits of a text with another sign, or none, in the place of its own."""
    return float(f"{one.body.rstrip('.,').replace(sign, meaning)}")


def _times_apart(one_S: np.ndarray, other_B: np.ndarray) -> float:
    """The factor between the near ends of two sets of numbers, 1 where they overlap."""
    (low, high), (other_low, other_high) = (
        np.percentile(each, _MIDDLE) for each in (one_S, other_B)
    )
    return float(max(1.0, low / other_high, other_low / high))


def _by_bare(kept: Sequence[Parts], sign: str, worth: Mapping[str, Worth]) -> str:
    """What cells without the sign tell of one before three digits; empty: it may mean either."""
    signed = [one for one in kept if sign in one.body]
    if any(one.has_exponent for one in signed):
        return "decimal"
    bare = [one for one in kept if sign not in one.body]
    if any(len(one.body) > len("999") for one in bare):
        return "decimal" if sign == "." else ""
    sizes = {size_of(one, worth) for one in signed} if worth else set()
    alike = [one for one in bare if not worth or size_of(one, worth) in sizes]
    if all(one.is_zero for one in alike) or len(signed) < _FEWEST_SIGNED:
        return ""
    endings = {one.body[-3:] for one in signed}
    is_uncut = any(ending.endswith("0") for ending in endings)
    return "thousands" if is_uncut or len(endings) >= _MANY_ENDINGS else ""


def _cells(kept: Sequence[Parts], count_V: np.ndarray, pair: SignPair) -> int:
    """Cells that are written with these signs."""
    pattern = _body(*pair)
    return int(count_V[[bool(pattern.fullmatch(one.body)) for one in kept]].sum())


def _body(thousands: str, decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    whole = r"0|[1-9]\d*"
    if thousands:
        group = r"[ \u00a0\u202f\u2009]" if thousands == " " else re.escape(thousands)
        group = r"['\u2019]" if thousands == "'" else group
        whole += f"|{_GROUPED.format(group)}" + (f"|{_LAKH}" if thousands == "," else "")
    return re.compile(rf"(?:{whole})(?:{point}\d*)?|{point}\d+", re.ASCII)
