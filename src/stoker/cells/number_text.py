"""Text of numbers in people's forms, as text that a parser reads: digits, a point, an exponent.

What is dropped has to be said by the recipe (units, signs between thousands, brackets of accounts),
and what does not fit the form that was said is marked, never guessed.  Full-width digits and signs,
as Chinese and Japanese keyboards write them, mean the same as narrow ones and need no saying.

Cost: one regular expression a cell in Arrow for the form, and a replacement for each thing dropped;
0.2 to 0.5 µs a cell together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.clock import clock_texts

NUMBER = r"^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
"""A number in digits, as programs write it."""
EITHER = "either"
"""In place of the sign before the fraction: a point in some texts, a comma in others."""
UNREADABLE = "inf"
"""What stands for a text that is not in the form; numbers themselves are never infinite."""

LIMIT = "[<>\u2264\u2265]=?"
"""What stands before a limit of detection or of a scale: `<0.5`."""

_FULL_WIDTH = 0xFEE0
"""From an ASCII character to its full-width form."""
_WIDE = {chr(ord(plain) + _FULL_WIDTH): plain for plain in "0123456789.,-+()%$eE<>="} | {
    "\N{FULLWIDTH YEN SIGN}": "¥",
    "\N{FULLWIDTH POUND SIGN}": "£",
    "\N{IDEOGRAPHIC SPACE}": " ",
    "\N{MINUS SIGN}": "-",
}
_IS_WIDE = f"[{''.join(_WIDE)}]"
_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_LARGEST_GROUP = {",": r"\d{{1,2}}({0}\d{{2}})+{0}\d{{3}}|"}
"""Two digits a group but for the last, as in India: 12,34,567."""


class NumberForm(NamedTuple):
    """How the numbers of a column are written."""

    decimal: str = "."
    """Sign before the fraction, or `either`."""
    thousands: str = ""
    """Sign between groups of digits; empty: there is none."""
    units: tuple[str, ...] = ()
    """What may stand before or behind the digits."""
    brackets: bool = False
    """Whether a number in brackets is below zero."""
    trailing_minus: bool = False
    """Whether a minus may stand behind the digits."""
    factors: tuple[float, ...] = ()
    """By what each of the units multiplies; empty: none does."""
    zeros: tuple[float, ...] = ()
    """What each of the units shows where the unit worth 1 shows 0; empty: 0."""
    censored: bool = False
    """Whether a number may have a sign of a limit before it, `<0.5`, and counts as the limit."""
    clock: str = ""
    """What the first of two parts of a duration is, `hours` or `minutes`; empty: there are none."""


PLAIN = NumberForm()


def plain_texts(cells: pa.Array, form: NumberForm) -> pa.Array:
    """The texts as digits with a decimal point, `"inf"` for one that is not in the form.

    Args:
        cells: Texts without blanks around them; nulls stay.
        form: How they are written.

    >>> form = NumberForm(thousands=",", units=("$", "USD"), brackets=True)
    >>> plain_texts(pa.array(["$1,234.5", "-2 USD", "(3)", "1.5e3", "4 EUR"]), form).to_pylist()
    ['1234.5', '-2', '-3', '1.5e3', 'inf']
    >>> plain_texts(pa.array(["<0.5", "> 65", "<<1"]), NumberForm(censored=True)).to_pylist()
    ['0.5', '65', 'inf']
    """
    texts = narrow(cells)
    if form == PLAIN:
        return texts
    if form.clock:
        return clock_texts(texts, form.clock)
    if form.censored:
        texts = pc.replace_substring_regex(texts, rf"^{LIMIT}\s*", "")
    if form.thousands in (" ", "'"):
        others = f"[{_SPACES}]" if form.thousands == " " else "\N{RIGHT SINGLE QUOTATION MARK}"
        texts = pc.replace_substring_regex(texts, others, form.thousands)
    pattern, unit = _patterns(form)
    fits = pc.match_substring_regex(texts, pattern)
    if unit:
        texts = pc.replace_substring_regex(texts, unit, "")
    if form.brackets:
        texts = pc.replace_substring_regex(texts, r"\(\s*", "-")
        texts = pc.replace_substring_regex(texts, r"\s*\)", "")
    if form.trailing_minus:
        texts = pc.replace_substring_regex(texts, r"^(.*\S)\s*-$", r"-\1")
    if form.thousands:
        texts = pc.replace_substring(texts, form.thousands, "")
    if form.decimal != ".":
        texts = pc.replace_substring(texts, _sign(form), ".")
    return pc.if_else(fits, texts, pa.scalar(UNREADABLE, cells.type))


def form_of(
    unit: str | Sequence[str] | Mapping[str, Any], signs: Mapping[str, Any] | None = None
) -> NumberForm:
    """The form with some units, as the option `unit` says them.

    Args:
        unit: One, several that mean the same, or what each is worth.
        signs: What else the form is.

    >>> form_of({"°C": 1.0, "°F": (0.5, 32.0)})[2:7]
    (('°C', '°F'), False, False, (1.0, 0.5), (0.0, 32.0))
    """
    units = (unit,) if isinstance(unit, str) else tuple(unit)
    worth = unit.values() if isinstance(unit, Mapping) else ()
    pairs = [tuple(each) if isinstance(each, list | tuple) else (each, 0.0) for each in worth]
    zeros = tuple(zero for _, zero in pairs)
    return NumberForm(
        units=units,
        factors=tuple(factor for factor, _ in pairs),
        zeros=zeros if any(zeros) else (),
        **(signs or {}),
    )


def unit_factors(cells: pa.Array, form: NumberForm) -> np.ndarray:
    """By what the units of each text multiply it, 1 where there is none.

    Args:
        cells: Texts without blanks around them.
        form: How they are written.

    >>> form = NumberForm(units=("m", "km"), factors=(1.0, 1000.0))
    >>> unit_factors(pa.array(["5 km", "7 m", "8", None]), form)
    array([1000.,    1.,    1.,    1.])
    """
    texts, factor_N = narrow(cells), np.ones(len(cells))
    for unit, factor in zip(form.units, form.factors, strict=True):
        if factor != 1:
            pattern = _beside(unit)
            has_unit = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
            factor_N[has_unit.to_numpy(zero_copy_only=False)] *= factor
    return factor_N


def has_unit(cells: pa.Array, form: NumberForm) -> np.ndarray:
    """Which texts have one of the units beside their digits, bool.

    >>> has_unit(pa.array(["5 kg", "5", None]), NumberForm(units=("kg", "g"))).tolist()
    [True, False, False]
    """
    texts, has_N = narrow(cells), np.zeros(len(cells), bool)
    for unit in form.units:
        found = pc.fill_null(pc.match_substring_regex(texts, _beside(unit)), False)
        has_N |= found.to_numpy(zero_copy_only=False)
    return has_N


def unit_zeros(cells: pa.Array, form: NumberForm) -> np.ndarray:
    """What the unit of each text shows where the unit worth 1 shows 0."""
    texts, zero_N = narrow(cells), np.zeros(len(cells))
    for unit, zero in zip(form.units, form.zeros, strict=True):
        if zero:
            has_unit = pc.fill_null(pc.match_substring_regex(texts, _beside(unit)), False)
            zero_N[has_unit.to_numpy(zero_copy_only=False)] = zero
    return zero_N


def converted(value_N: np.ndarray, cells: pa.Array, form: NumberForm) -> np.ndarray:
    """Digits in the unit that is worth 1; a text of several numbers with units is their sum.

    Args:
        value_N: The digits of each text, infinite for one that is not in the form.
        cells: The texts, without blanks around them.
        form: How they are written, with factors.

    >>> form = NumberForm(units=("h", "min"), factors=(60.0, 1.0))
    >>> converted(np.array([2, np.inf, np.inf]), pa.array(["2 h", "1h 30min", "3 min 1 h"]), form)
    array([120.,  90.,  inf])
    >>> degrees = form_of({"°C": 1, "°F": (5 / 9, 32)})
    >>> converted(np.array([68.0, 20.0]), pa.array(["68 °F", "20°C"]), degrees)
    array([20., 20.])
    """
    if form.zeros:
        value_N = value_N - unit_zeros(cells, form)
    value_N = value_N * unit_factors(cells, form)
    bad = np.flatnonzero(np.isinf(value_N))
    if len(bad) and not form.zeros:
        texts = narrow(cells.take(pa.array(bad))).to_pylist()
        value_N[bad] = [_sum_of_pieces(text, form) for text in texts]
    return value_N


def _sum_of_pieces(text: str, form: NumberForm) -> float:
    """The sum of numbers of which each is in a smaller unit than the one before; else infinite."""
    whole, piece = _piece_patterns(form)
    found = whole.fullmatch(text)
    if found is None:
        return np.inf
    worth = dict(zip(map(_narrow_unit, form.units), form.factors, strict=True))
    if min(form.factors) < 0:  # Sides of the compass have no pieces to sum.
        return np.inf
    pieces = [(digits, worth[unit]) for digits, unit in piece.findall(text)]
    if any(one <= other for (_, one), (_, other) in pairwise(pieces)):
        return np.inf
    total = sum(_number(digits, form) * factor for digits, factor in pieces)
    return -total if text.startswith("-") else total


def _number(digits: str, form: NumberForm) -> float:
    plain = digits.replace(form.thousands, "") if form.thousands else digits
    return float(plain.replace(_sign(form), "."))


def _sign(form: NumberForm) -> str:
    """The sign that becomes a point."""
    return "," if form.decimal == EITHER else form.decimal


def _point(form: NumberForm) -> str:
    """What stands before the fraction, as a regular expression."""
    return "[.,]" if form.decimal == EITHER else re.escape(form.decimal)


@lru_cache
def _piece_patterns(form: NumberForm) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Several numbers with units one after the other, and one of them."""
    point, group = _point(form), re.escape(form.thousands)
    unit = "|".join(map(_plain_unit, sorted(form.units, key=len, reverse=True)))
    digits = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if group else r"\d+"
    number = rf"(?:{digits})(?:{point}\d+)?"
    whole = rf"[+-]?(?:{number}\s*(?:{unit})(?:\s*,|\s+and|\s+und)?\s*){{2,}}"
    return re.compile(whole, re.ASCII), re.compile(rf"({number})\s*({unit})", re.ASCII)


@lru_cache
def _beside(unit: str) -> str:
    """A unit before the digits or behind them, as a regular expression."""
    name = _plain_unit(unit)
    return rf"\d[.,]?[\s)-]*{name}[\s)-]*$|^[\s(+-]*{name}[\s(+-]*[\d.,]"


def _plain_unit(unit: str) -> str:
    return re.escape(_narrow_unit(unit))


def _narrow_unit(unit: str) -> str:
    return narrow(pa.array([unit.strip()]))[0].as_py()


def narrow(cells: pa.Array) -> pa.Array:
    """The texts with full-width digits and signs as narrow ones; no copy where there are none.

    >>> narrow(pa.array(["\N{FULLWIDTH DIGIT ONE}0%", "7"])).to_pylist()
    ['10%', '7']
    """
    if not pc.any(pc.match_substring_regex(cells, _IS_WIDE)).as_py():
        return cells
    for wide, plain in _WIDE.items():
        cells = pc.replace_substring(cells, wide, plain)
    return cells


@lru_cache
def _patterns(form: NumberForm) -> tuple[str, str]:
    """The whole form as a regular expression, and what is to be dropped around the digits."""
    point, group = _point(form), re.escape(form.thousands)
    digits = r"\d+"
    if group:
        lakh = _LARGEST_GROUP.get(form.thousands, "").format(group)
        digits = rf"({lakh}\d{{1,3}}({group}\d{{3}})+|\d+)"
    number = rf"({digits}({point}\d*)?|{point}\d+)([eE][+-]?\d+)?"
    longest_first = sorted(form.units, key=len, reverse=True)
    unit = "|".join(map(_plain_unit, longest_first))
    before, after = (rf"(({unit})\s*)?", rf"(\s*({unit}))?") if unit else ("", "")
    signed = rf"([+-]?{before}{number}|{before}[+-]{number}){after}"
    if form.trailing_minus:
        signed = rf"({signed}|{before}{number}\s*-{after}|{before}{number}{after}\s*-)"
    if form.brackets:
        signed = rf"({signed}|{before}\(\s*{before}{number}{after}\s*\){after})"
    return rf"^{signed}$", rf"\s*({unit})\s*" if unit else ""
