"""Find how the numbers of a column of text are written: the options that `number` would need.

The form is judged over all texts together, never over one: `12 kg` is a quantity where all say kg,
`1. White` and `5 March` are not, because what stands beside the digits differs.  Letters in front
of digits (`C1`, `T06`) are codes unless they are a currency, and so are digits behind a zero.
A column that has its unit in some cells only (`82.5`, `82.5 kg`) is one quantity, unless the unit
multiplies (`5k` among `300`) or the two are of another size.

What signs between the digits mean is found by `number_signs`.

Cost: 4 µs for each distinct text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.clock import clock_form
from stoker.cells.number_mixtures import bodies, compound_options, convertible
from stoker.cells.number_parts import Parts, parts_of
from stoker.cells.number_quantities import Worth, in_order
from stoker.cells.number_signs import signs_of
from stoker.cells.number_text import (
    NUMBER,
    UNREADABLE,
    converted,
    form_of,
    narrow,
    plain_texts,
)
from stoker.cells.number_units import family, is_currency, is_measure, multiply
from stoker.cells.raw import MISSING_NUMBERS, one_array, spelled_missing

_LONGEST_GRADE = 2
"""Characters of digits that may be a school's grade."""
_MOST_TIMES = 10.0
_FEWEST_COMPARED = 5


class FoundForm(NamedTuple):
    """How texts are written."""

    options: dict[str, Any]
    """Options of `number`; empty if none are needed."""
    is_read_V: np.ndarray
    """Which of the texts are numbers then, bool."""
    is_ambiguous: bool
    """Whether a sign may as well have its other meaning, and nothing said which."""


def number_forms(
    texts: pa.Array | pa.ChunkedArray | Sequence[str], *, least_share: float = 1.0
) -> dict[str, Any] | None:
    """The options of `number` with which texts are read, `{}` if none are needed.

    Args:
        texts: Cells of a column, or its distinct ones; missing ones do not count.
        least_share: Share of the texts that must be readable.

    Returns:
        Options, such as `{"unit": "%"}`; None if the texts are no numbers.

    >>> number_forms(["24.7%", "3 %", ""]), number_forms(["¥1,048.03", "¥7"])
    ({'unit': '%'}, {'thousands': ',', 'unit': '¥'})
    >>> number_forms(["1.821e+05", "33,871"]), number_forms(["7", "-1.5"])
    ({'thousands': ','}, {})
    >>> number_forms(["37:15:00", "0:40:10"]), number_forms(["8:30:00", "0:40:10"])
    ({'clock': 'hours'}, None)
    >>> number_forms(["C1", "D2"]), number_forms(["1. White", "2. Black"]), number_forms(["T06"])
    (None, None, None)
    """
    cells = _present(texts)
    found = find_form(cells, np.ones(len(cells), np.int64), least_share=least_share)
    return None if found is None else found.options


def find_form(
    texts: Sequence[str],
    count_V: np.ndarray,
    *,
    least_share: float = 1.0,
    decimal: str = "",
    censored: bool = True,
) -> FoundForm | None:
    """How texts write numbers; None if they are none.

    Args:
        texts: Different texts with narrow digits and without blanks around them, none missing.
        count_V: Cells of each.
        least_share: Share of the cells that must be readable.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
        censored: Whether `<0.5` may be a number.

    >>> find_form(["1.540 €", "572 €", "21.541 €", "3.020 €"], np.ones(4)).options
    {'thousands': '.', 'decimal': ',', 'unit': '€'}
    """
    parts = list(map(parts_of, texts))
    parts = [one if one and (censored or not one.is_censored) else None for one in parts]
    least = least_share * count_V.sum()
    for keep, worth in _ways(parts, count_V):
        kept = _at(parts, keep)
        if not keep or count_V[keep].sum() < least or not _may_turn(kept):
            continue
        found = signs_of(kept, count_V[keep], least=least, decimal=decimal, worth=worth)
        for signs, is_ambiguous in found:
            options = _options(kept, count_V[keep], signs, worth)
            value_V = values_with(texts, options)
            is_read_V = np.isfinite(value_V)
            is_read_V &= np.isin(np.arange(len(texts)), keep)
            is_fit = bool(worth) or _are_alike(parts, value_V, is_read_V)
            if count_V[is_read_V].sum() >= least and is_fit:
                return FoundForm(options, is_read_V, is_ambiguous)
    options = compound_options(texts, count_V) or _clock_options(texts, count_V)
    is_read_V = np.isfinite(values_with(texts, options)) if options else np.zeros(0, bool)
    is_enough = bool(options) and count_V[is_read_V].sum() >= least
    return FoundForm(options, is_read_V, is_ambiguous=False) if is_enough else None


def signs_between(texts: Sequence[str]) -> dict[str, str]:
    """Options that say the signs between digits, whatever stands beside them.

    Args:
        texts: Different texts with narrow digits and without blanks around them.

    >>> signs_between(["$1,200", "€7,034.50"]), signs_between(["$1.5", "€7"])
    ({'thousands': ','}, {})
    """
    digits = list(dict.fromkeys(bodies(texts)))
    found = find_form(digits, np.ones(len(digits), np.int64)) if digits else None
    return {} if found is None else found.options


def _clock_options(texts: Sequence[str], count_V: np.ndarray) -> dict[str, Any]:
    """The option that reads durations of a clock; empty: they are none, or nothing tells which."""
    first = clock_form(texts, count_V)
    return {"clock": first} if first else {}


def _present(texts: pa.Array | pa.ChunkedArray | Sequence[str]) -> list[str]:
    """The texts that are not missing, without blanks around them and with narrow digits."""
    is_arrow = isinstance(texts, pa.Array | pa.ChunkedArray)
    cells = one_array(texts if is_arrow else pa.array(list(texts), pa.string()))
    cells = narrow(pc.utf8_trim_whitespace(cells.drop_null()))
    missing = spelled_missing(cells, ("", *MISSING_NUMBERS))
    return cells.filter(pc.invert(missing)).to_pylist()


# --- units ---------------------------------------------------------------------------------------


def _ways(
    parts: Sequence[Parts | None], count_V: np.ndarray
) -> Iterator[tuple[list[int], dict[str, Worth]]]:
    """Texts that may be read together, and what their units are worth if they are converted.

    Several units of one quantity, where these are more cells than those with the commonest one;
    then the commonest one, then none.
    """
    weight: Counter[frozenset[str]] = Counter()
    for one, cells in zip(parts, count_V.tolist(), strict=True):
        if one and len(one.families) == 1:
            weight[one.families] += cells
    commonest = [wanted for wanted, _ in weight.most_common(1)]
    alone = [
        [i for i, one in enumerate(parts) if one and one.families <= wanted]
        for wanted in (*commonest, frozenset[str]())
    ]
    alone = [keep for keep in alone if _may_drop(_at(parts, keep), count_V[keep])]
    keep, worth = convertible(parts, count_V)
    if count_V[keep].sum() > max((count_V[each].sum() for each in alone), default=0):
        yield keep, worth
    yield from ((each, {}) for each in alone)


def _may_drop(kept: Sequence[Parts], count_V: np.ndarray) -> bool:
    """Whether the digits alone mean the same in all cells."""
    units = _units(kept, count_V)
    with_unit = [one for one in kept if one.families]
    is_everywhere = len(with_unit) in (
        len(kept),
        sum(one.body.strip("0.,") != "" for one in kept),
    )
    if not units or is_everywhere:
        return True
    if multiply(units):
        return False
    has_fraction = any(sign in one.body for one in with_unit for sign in ".,")
    is_apart = all(one.is_apart for one in with_unit)
    return all(map(is_currency, units)) or all(
        is_measure(unit, is_apart=is_apart, has_fraction=has_fraction) for unit in units
    )


def _at(parts: Sequence[Parts | None], places: Sequence[int]) -> list[Parts]:
    return [one for one in map(parts.__getitem__, places) if one]


def _may_turn(kept: Sequence[Parts]) -> bool:
    """Whether a minus behind digits is that of accounts, and not of grades such as `2-`."""
    turned = [one.body for one in kept if one.has_minus_behind]
    return not turned or any(len(body) > _LONGEST_GRADE or "," in body for body in turned)


def _units(kept: Sequence[Parts], count_V: np.ndarray) -> list[str]:
    """What stands beside the digits, commonest first."""
    count: Counter[str] = Counter()
    for one, cells in zip(kept, count_V.tolist(), strict=True):
        for unit in one.units:
            count[unit] += cells
    return [unit for unit, _ in count.most_common()]


def _are_alike(parts: Sequence[Parts | None], value_V: np.ndarray, is_read_V: np.ndarray) -> bool:
    """Whether numbers with the unit and numbers without it are of one size."""
    has_unit_V = np.array([one is not None and bool(one.families) for one in parts])
    is_some_V = is_read_V & (value_V != 0)
    with_V, bare_V = (np.abs(value_V[is_some_V & is_it]) for is_it in (has_unit_V, ~has_unit_V))
    if not len(with_V) or not len(bare_V):
        return True
    units = {unit for one in parts if one for unit in one.units}
    if all(map(is_currency, units)):
        return True
    if all(family(unit) == family("%") for unit in units):  # 0.1 is 10 % there.
        return not bare_V.max() <= 1 < with_V.max()
    times = np.median(with_V) / np.median(bare_V)
    few = min(len(with_V), len(bare_V)) < _FEWEST_COMPARED
    return bool(few or 1 / _MOST_TIMES < times < _MOST_TIMES)


def _options(
    kept: Sequence[Parts],
    count_V: np.ndarray,
    signs: tuple[str, str],
    worth: Mapping[str, Worth],
) -> dict[str, Any]:
    """The options of `number` that say so."""
    thousands, decimal = signs
    units = _units(kept, count_V)
    options: dict[str, Any] = {"thousands": thousands} if thousands else {}
    options |= {"decimal": decimal} if decimal != "." else {}
    if worth:
        options["unit"] = in_order({unit: worth[unit] for unit in units})
    elif units:
        options["unit"] = units[0] if len(units) == 1 else units
    options |= {"brackets": True} if any(one.in_brackets for one in kept) else {}
    options |= {"trailing_minus": True} if any(one.has_minus_behind for one in kept) else {}
    return options | ({"censored": True} if any(one.is_censored for one in kept) else {})


def values_with(texts: Sequence[str], options: Mapping[str, Any]) -> np.ndarray:
    """Texts as float64 the way options say, infinite where they are no number.

    >>> values_with(["1.540 €", "7 €", "€"], {"thousands": ".", "decimal": ",", "unit": "€"})
    array([1540.,    7.,   inf])
    """
    signs = {name: value for name, value in options.items() if name not in ("unit", "missing")}
    form = form_of(options.get("unit", ()), signs)
    cells = pa.array(texts, pa.string())
    digits = plain_texts(cells, form)
    is_number = pc.match_substring_regex(digits, NUMBER)
    digits = pc.if_else(is_number, digits, pa.scalar(UNREADABLE, digits.type))
    value_V = pc.cast(pc.utf8_ltrim(digits, "+"), pa.float64()).to_numpy(zero_copy_only=False)
    return converted(value_V, cells, form) if form.factors else value_V
