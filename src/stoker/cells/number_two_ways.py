"""Columns whose numbers are written in two ways that mean one thing, and what to write.

Shares beside per cents (`0,97`, `47%`), clock durations beside units (`0:20`, `12 min`), and a
decimal comma beside a point (`1000,12`, `1000.5`), as spreadsheets have where half the cells are
texts.  A few words without digits among them (`n/d`) are named as missing beside that.
Such a column measures something, so it is never taken for labels or names in silence.

Cost: 3 µs for each distinct text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np

from stoker.cells.clock import clock_form
from stoker.cells.number_parts import Parts, parts_of
from stoker.cells.number_quantities import factors
from stoker.cells.number_units import family

CLOCK = re.compile(r"\d{1,3}:[0-5]\d(?::[0-5]\d)?", re.ASCII)
"""A time of day or a duration, as a clock shows it."""
_DIGIT = re.compile(r"\d", re.ASCII)
_COMMA = re.compile(r"\d+,\d+", re.ASCII)
_POINT = re.compile(r"\d+\.\d+", re.ASCII)
_THREE_DIGITS = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)
_NEARLY_ALL = 0.95
_LEAST = 0.05
"""Share of the cells that is a way of writing and no slip."""
_FEWEST = 3
"""Different texts of each way."""
_MOST_WORDS = 10
_MOST_WITHOUT_DIGITS = 0.2
"""Share of the cells that may be words for "no value"."""


def two_ways(texts: Sequence[str], count_V: np.ndarray, step: str = "number") -> str:
    """Which two ways stand there and what to write; empty: it is not so.

    Args:
        texts: Different texts with narrow digits and without blanks around them, none missing.
        count_V: Cells of each.
        step: What reads the column, `number` or `regress`.

    >>> two_ways(["47%", "9%", "63%", "0,97", "0,1", "0,5"], np.ones(6)).partition("; ")[2]
    "write {number: {decimal: ',', unit: {'%': 0.01}}} to read all as shares"
    >>> two_ways(["1.5", "2.25", "3.5", "10,5", "7,25", "8,1"], np.ones(6)).partition("; ")[0]
    "some have a decimal point ('1.5') and some a decimal comma ('10,5')"
    >>> two_ways(["5 min", "6 min", "9 min", "0:20", "0:30", "0:40"], np.ones(6)).partition(", ")[0]
    "some are durations with a unit ('5 min') and some are written as on a clock ('0:20')"
    >>> cells = ["1.5", "2.25", "3.5", "10,5", "7,25", "8,1", "n/d"]
    >>> two_ways(cells, np.ones(7)).partition("; ")[2]
    'write {number: {decimal: either, missing: {also: ["n/d"]}}} to read both'
    >>> two_ways(["47%", "9%", "63%", "12", "40", "7"], np.ones(6))
    ''
    """
    has_digit_V = np.array([bool(_DIGIT.search(text)) for text in texts], bool)
    words = _words(texts, count_V, ~has_digit_V)
    if words:
        texts = [text for text, has in zip(texts, has_digit_V, strict=True) if has]
        count_V = count_V[has_digit_V]
    if not texts:
        return ""
    also = f", missing: {{also: {json.dumps(words, ensure_ascii=False)}}}" if words else ""
    parts = list(map(parts_of, texts))
    return (
        _shares(texts, parts, count_V, (step, also))
        or _clocks(texts, parts, count_V)
        or _signs(texts, parts, count_V, (step, also))
    )


def _words(texts: Sequence[str], count_V: np.ndarray, is_word_V: np.ndarray) -> list[str]:
    """Texts without digits that may mean "no value", commonest first; empty if too many.

    Args:
        texts: Different texts.
        count_V: Cells of each.
        is_word_V: Which have no digits, bool.
    """
    at_V = np.flatnonzero(is_word_V)
    if len(at_V) > _MOST_WORDS or count_V[at_V].sum() > _MOST_WITHOUT_DIGITS * count_V.sum():
        return []
    return [texts[i] for i in at_V[np.argsort(-count_V[at_V], kind="stable")]]


def _shares(
    texts: Sequence[str],
    parts: Sequence[Parts | None],
    count_V: np.ndarray,
    written: tuple[str, str],
) -> str:
    """Shares of at most 1 beside per cents.

    Args:
        texts: Different texts with digits.
        parts: What each is made of.
        count_V: Cells of each.
        written: What reads the column, and the option that makes words missing.
    """
    step, also = written
    per_cent = {unit for one in parts for unit in (one.units if one else ())}
    if len(per_cent) != 1 or {family(unit) for unit in per_cent} != {"%"}:
        return ""
    is_share_V = np.array([bool(one) and not one.units and _is_share(one) for one in parts])
    is_cent_V = np.array([one is not None and bool(one.units) for one in parts])
    if not _are_two(is_share_V, is_cent_V, count_V):
        return ""
    if all(_is_share(one) for one in parts if one and one.units):
        return ""
    has_comma = any("," in text for text in texts)
    decimal = "decimal: ',', " if has_comma else ""
    return (
        f"some are shares ({_first(texts, is_share_V)}) and some per cents "
        f"({_first(texts, is_cent_V)}); write {{{step}: {{{decimal}unit: "
        f"{{{min(per_cent)!r}: 0.01}}{also}}}}} to read all as shares"
    )


def _is_share(one: Parts) -> bool:
    """Whether it is from 0 to 1."""
    body = one.body.replace(",", ".")
    return bool(re.fullmatch(r"[01]?(\.\d*)?", body)) and float(body) <= 1


def _clocks(texts: Sequence[str], parts: Sequence[Parts | None], count_V: np.ndarray) -> str:
    """Durations with a unit of time beside those of a clock, of which nothing tells the unit."""
    is_clock_V = np.array([bool(CLOCK.fullmatch(text)) for text in texts], bool)
    is_unit_V = np.array([bool(one) and bool(one.units) for one in parts])
    units = {unit for one in parts for unit in (one.units if one else ())}
    if not _are_two(is_clock_V, is_unit_V, count_V) or not factors([*units, "h"]):
        return ""
    return (
        f"some are durations with a unit ({_first(texts, is_unit_V)}) and some are written as on a "
        f"clock ({_first(texts, is_clock_V)}), which may be hours and minutes or minutes and "
        "seconds; write all with a unit in the file, such as '20 min'"
    )


def two_clocks(texts: Sequence[str], count_V: np.ndarray, step: str = "number") -> str:
    """What to say of durations of which nothing tells hours from minutes; empty: they are none.

    Args:
        texts: Different texts with narrow digits and without blanks around them, none missing.
        count_V: Cells of each.
        step: What reads the column, `number` or `regress`.

    >>> two_clocks(["37:15", "8:40"], np.ones(2)).partition("; ")[2]
    'write {number: {clock: hours}} to read hours and minutes, minutes for minutes and seconds'
    """
    is_clock_V = np.array([bool(CLOCK.fullmatch(text)) for text in texts], bool)
    if count_V[is_clock_V].sum() < _NEARLY_ALL * count_V.sum() or clock_form(texts, count_V) != "":
        return ""
    return (
        f"they are durations of two parts ({_first(texts, is_clock_V)}); write {{{step}: {{clock: "
        "hours}} to read hours and minutes, minutes for minutes and seconds"
    )


def _signs(
    texts: Sequence[str],
    parts: Sequence[Parts | None],
    count_V: np.ndarray,
    written: tuple[str, str],
) -> str:
    """A comma before the fraction beside a point there.

    Args:
        texts: Different texts with digits.
        parts: What each is made of.
        count_V: Cells of each.
        written: What reads the column, and the option that makes words missing.
    """
    step, also = written
    bodies = ["" if one is None or one.units else one.body for one in parts]
    is_comma_V = np.array([bool(_COMMA.fullmatch(body)) for body in bodies])
    is_point_V = np.array([bool(_POINT.fullmatch(body)) for body in bodies])
    is_whole_V = np.array([body.isdigit() for body in bodies])
    if not _are_two(is_comma_V, is_point_V | is_whole_V, count_V) or not is_point_V.any():
        return ""
    may_be_thousand_V = np.array([bool(_THREE_DIGITS.fullmatch(body)) for body in bodies])
    if any(may_be_thousand_V[each].all() for each in (is_comma_V, is_point_V)):
        return ""
    return (
        f"some have a decimal point ({_first(texts, is_point_V)}) and some a decimal comma "
        f"({_first(texts, is_comma_V)}); write {{{step}: {{decimal: either{also}}}}} to read both"
    )


def _are_two(one_V: np.ndarray, other_V: np.ndarray, count_V: np.ndarray) -> bool:
    """Whether nearly all cells are of two kinds, and enough of each."""
    all_cells = count_V.sum()
    each = [count_V[kind_V].sum() for kind_V in (one_V, other_V)]
    are_several = min(int(one_V.sum()), int(other_V.sum())) >= _FEWEST
    return are_several and min(each) >= _LEAST * all_cells and sum(each) >= _NEARLY_ALL * all_cells


def _first(texts: Sequence[str], is_it_V: np.ndarray) -> str:
    return repr(texts[int(is_it_V.argmax())])
