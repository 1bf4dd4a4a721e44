"""Columns of measurements of which some have something beside the digits that nothing understands.

    `~1.18`, `ca. 1.18`, `1.18 (est.)`, `1.18*`     told, with the line that reads the number alone
    `2.9024W`, `0.8351E`                            told, with the line that makes a sign of it
    `1.18 mild`                                     told: the number has to stand alone in the file

Most cells are one number each, most of these have a fraction, and what stands beside them are few
different things.  Letters in front (`v1.2`, `E11.9`) and zeros there are codes.

Cost: 2 µs for each distinct text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stoker.cells.compass import sides
from stoker.cells.number_advice import of_sides, options_text
from stoker.cells.number_forms import values_with

_ONE = re.compile(
    r"(?P<before>[^\d(\[]{0,12}?)(?P<body>[+-]?\d+(?:[.,]\d+)?)(?P<after>\D{0,12})", re.ASCII
)
_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_GUESSES = frozenset((
    *("~", "\u2248", "\u223c", "\u2243", "ca.", "ca", "c.", "circa", "about", "approx.", "approx"),
    *("etwa", "rund", "est.", "est", "(est.)", "(est)", "(approx.)", "(ca.)", "(estimated)", "约"),
    *("*", "**", "\u2020", "\u2021"),
))  # fmt: skip
"""What says of a number that it is a guess, or has a footnote."""
_LEAST_NUMBERS = 0.8
_LEAST_BROKEN = 0.5
_LEAST_BESIDE = 0.02
_FEWEST_NUMBERS = 20
_FEWEST_OF_EACH = 3
_MOST_BESIDE = 6
_MOST_LETTERS = 2
"""More different letters behind numbers count something, as in `3.2a`, `3.2b`, `3.2c`."""
_NEARLY_ALL = 0.98


class _One(NamedTuple):
    """A text of one number."""

    body: str
    beside: str
    """What stands before or behind it; empty: it stands alone."""


def beside_numbers(texts: Sequence[str], count_V: np.ndarray) -> str:
    """What to say of numbers with something beside them; empty: it is not so.

    Args:
        texts: Different texts with narrow digits and without blanks around them, none missing.
        count_V: Cells of each.

    >>> cells = [f"1.{n}" for n in range(10, 60)]
    >>> beside_numbers([*cells, "~1.7", "~1.8", "~1.9"], np.ones(53)).partition("; ")[2]
    "if the numbers alone are meant write {number: {unit: ['~']}} to read them"
    >>> lettered = [f"{cell}{'WE'[n % 2]}" for n, cell in enumerate(cells)]
    >>> beside_numbers(lettered, np.ones(50)).partition("; ")[0]
    "they are numbers with the side of the compass ('E', 'W')"
    >>> beside_numbers([f"v{cell}" for cell in cells], np.ones(50))
    ''
    """
    ones = [_one(text) for text in texts]
    bodies: defaultdict[str, set[str]] = defaultdict(set)
    cells: Counter[str] = Counter()
    for one, count in zip(ones, count_V.tolist(), strict=True):
        if one:
            bodies[one.beside].add(one.body)
            cells[one.beside] += count
    used = [what for what, _ in cells.most_common() if len(bodies[what]) >= _FEWEST_OF_EACH]
    beside = [what for what in used if what]
    letters = [what for what in beside if len(what) == 1 and what.isalpha()]
    if not beside or len(beside) > _MOST_BESIDE or len(letters) > _MOST_LETTERS:
        return ""
    is_kept_V = np.array([one is not None and one.beside in used for one in ones], bool)
    if not _are_measured(ones, is_kept_V, count_V):
        return ""
    if sum(cells[what] for what in beside) < _LEAST_BESIDE * count_V.sum():
        return ""
    return _said(texts, count_V, ones, beside)


def _said(
    texts: Sequence[str], count_V: np.ndarray, ones: Sequence[_One | None], beside: Sequence[str]
) -> str:
    """The sentence for a user.

    Args:
        texts: Different texts.
        count_V: Cells of each.
        ones: Each as one number.
        beside: What stands beside numbers.
    """
    pairs = zip(texts, ones, strict=True)
    example = next(text for text, one in pairs if one and one.beside in beside)
    if sides(beside):
        return of_sides(sides(beside), _decimal(texts, count_V, sides(beside)) or {})
    line = _line(texts, count_V, beside)
    how = f"if the numbers alone are meant write {line} to read them" if line else ""
    return (
        f"some are numbers with something beside them, such as {example!r}; "
        f"{how or 'write the numbers alone in the file to read them'}"
    )


def _one(text: str) -> _One | None:
    """A text as one number and what stands beside it; None if it is none, or a code."""
    found = _ONE.fullmatch(text)
    if found is None or _ZERO.match(found["body"]):
        return None
    before, after = found["before"].strip(), found["after"].strip()
    is_known = before.casefold() in _GUESSES
    if (before and after) or (before and not is_known and before[-1].isalpha()):
        return None
    return _One(found["body"], before or after)


def _are_measured(ones: Sequence[_One | None], is_kept_V: np.ndarray, count_V: np.ndarray) -> bool:
    """Whether most texts are numbers of many values, and most of these have a fraction.

    Args:
        ones: Each text as one number.
        is_kept_V: Which of them count, bool.
        count_V: Cells of each.
    """
    kept = int(count_V[is_kept_V].sum())
    bodies = [one.body if one else "" for one in ones]
    is_broken_V = np.array(["." in body or "," in body for body in bodies], bool)
    different = {body for body, is_kept in zip(bodies, is_kept_V, strict=True) if is_kept}
    return (
        kept >= _LEAST_NUMBERS * count_V.sum()
        and count_V[is_kept_V & is_broken_V].sum() >= _LEAST_BROKEN * kept
        and len(different) > _FEWEST_NUMBERS
    )


def _line(texts: Sequence[str], count_V: np.ndarray, beside: Sequence[str]) -> str:
    """The feature that drops what stands beside the numbers; empty: it would lie, or not read them.

    Args:
        texts: Different texts.
        count_V: Cells of each.
        beside: What stands beside numbers.
    """
    if any(what.casefold() not in _GUESSES for what in beside):
        return ""
    decimal = _decimal(texts, count_V, list(beside))
    if decimal is None:
        return ""
    return f"{{number: {options_text({**decimal, 'unit': list(beside)})}}}"


def _decimal(
    texts: Sequence[str], count_V: np.ndarray, unit: list[str] | dict[str, float]
) -> dict[str, str] | None:
    """The option that says the sign before fractions; None: no sign reads nearly all of them.

    Args:
        texts: Different texts.
        count_V: Cells of each.
        unit: What stands beside numbers, as the option `unit` says it.
    """
    for option in ({}, {"decimal": ","}):
        value_V = values_with(texts, {**option, "unit": unit})
        if count_V[np.isfinite(value_V)].sum() >= _NEARLY_ALL * count_V.sum():
            return option
    return None
