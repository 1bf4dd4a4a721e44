"""Say why a text is no number, and everything that the recipe has to say to make it one.

The options are those with which the form finder reads that very text, so that what is said here
works when it is written down.

Cost: 50 µs for each bad cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stoker.cells.compass import sides
from stoker.cells.number_forms import find_form, number_forms, values_with
from stoker.cells.number_parts import parts_of
from stoker.cells.number_quantities import Worth, are_temperatures, factors, in_order
from stoker.cells.number_text import EITHER, NUMBER
from stoker.cells.number_two_ways import CLOCK
from stoker.cells.number_units import MAGNITUDES, family

_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_NAN = re.compile(r"[+-]?nan", re.IGNORECASE)
_UNDERSCORES = re.compile(r"[+-]?\d+(_\d+)+", re.ASCII)
_WITH_UNIT = re.compile(
    r"(?!0[xX])[+-]?[\d.,]+\s*[^\x00-\x1f\d\s,._eE+-]\S*|[^\x00-\x1f\d\s,.+-]\s*[\d.,]+", re.ASCII
)
_NO_UNIT = re.compile(r"[+-]?[\d.,]+|\s", re.ASCII)
_LONGEST_UNIT = 40
_TIMES = {word: times for word, times in MAGNITUDES.items() if times}
_MULTIPLIED = re.compile(
    r"[^\d-]*(?P<digits>-?\d[\d.,]*)\s*"
    rf"(?P<times>{'|'.join(sorted(_TIMES, key=len, reverse=True))})\.?(?![A-Za-z\d])\D*",
    re.ASCII,
)
"""A number with a word behind it that multiplies."""
_MAY_BE_THOUSAND = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*", re.ASCII)
_WHAT = {
    "thousands": "a sign between thousands",
    "decimal": "a decimal comma",
    "unit": "a unit or sign beside the digits",
    "trailing_minus": "a minus behind the digits",
    "censored": "a sign of a limit before the digits",
    "clock": "the form of a clock",
}
FORM_OPTIONS = ("thousands", "decimal", "unit", "brackets", "trailing_minus", "censored", "clock")
"""Options of `number` that say how it is written, in the order of its keys."""
_MOST_LOOKED_AT = 1_000
_MOSTLY = 0.9


def why_no_number(text: str, said: Mapping[str, Any], step: str) -> str:
    """Why a text is no number, and what would help.

    Args:
        text: The cell, without blanks around it.
        said: Options that the recipe gives already.
        step: Name of the step that reads it, `number` or `regress`.

    >>> why_no_number("34.8 %", {}, "number")
    "has a unit or sign beside the digits; write 34.8, or say number: {unit: '%'}"
    >>> why_no_number("¥1,048.03", {"unit": "¥"}, "regress")
    "has a sign between thousands; write 1048.03, or say regress: {thousands: ',', unit: '¥'}"
    >>> why_no_number("¥1.45万", {"unit": "¥"}, "regress")
    'is written with 万, which multiplies by 10,000; write the digits out: 14500'
    """
    if _INFINITE.fullmatch(text):
        return "is infinite; leave the cell empty if the value is not known"
    if _NAN.fullmatch(text):
        return f"is no value; leave the cell empty, or list it under {_listing(step)}"
    if re.fullmatch(NUMBER, text, re.ASCII) and not said:
        return "is too large for a 64-bit number (at most about 1.8e308)"
    return almost_a_number(text, said, step) or (
        f"is not a number; if it means 'no value', list it under {_listing(step)}"
    )


def _listing(step: str) -> str:
    return f"{step}: {{missing: {{also: [...]}}}}"


def almost_a_number(
    text: str, said: Mapping[str, Any] | None = None, step: str = "number"
) -> str | None:
    """What keeps a text with digits from being a number, and what would help; None: all of it.

    Args:
        text: The cell, without blanks around it.
        said: Options that the recipe gives already.
        step: Name of the step that reads it.

    >>> almost_a_number("(120)")
    'stands in brackets; if it is below zero write -120, or say number: {brackets: true}'
    >>> almost_a_number("0,452")
    "has a decimal comma; write 0.452, or say number: {decimal: ','}"
    """
    if said and said.get("clock"):
        return "is no duration as a clock shows it, such as 37:15:00, and no number of seconds"
    if _UNDERSCORES.fullmatch(text):
        return f"has underscores; write {text.replace('_', '')}"
    multiplied = _multiplied(text)
    if multiplied and not _is_degree(text, said or {}):
        return multiplied
    options = number_forms([text])
    if options is not None and said and _are_other_signs(text, options, said):
        return _with_said_signs(text, options, said, step)
    if not options:
        return _beside(text, said or {}, step)
    return _advice(text, options, said or {}, step)


def missing_options(texts: Sequence[str]) -> dict[str, Any]:
    """All options that most of the cells which are no numbers need together; empty: none help.

    Args:
        texts: Raw cells that could not be read.

    >>> missing_options(["¥1,048.03", "¥7.10", "¥1.45起"] + ["¥3"] * 50)
    {'thousands': ',', 'unit': '¥'}
    >>> missing_options(["357 m", "5 km"])
    {'unit': {'m': 1.0, 'km': 1000.0}}
    """
    cells = Counter(texts[:_MOST_LOOKED_AT])
    count_V = np.fromiter(cells.values(), np.int64)
    found = find_form(list(cells), count_V, least_share=_MOSTLY)
    return {} if found is None else found.options


def options_text(options: Mapping[str, Any]) -> str:
    """Options as a recipe has them in one line.

    >>> options_text({"thousands": ",", "unit": ["$", "USD"], "brackets": True})
    "{thousands: ',', unit: ['$', 'USD'], brackets: true}"
    >>> options_text({"unit": {"m": 1.0, "km": 1000.0}})
    "{unit: {'m': 1, 'km': 1000}}"
    """
    shown = (f"{name}: {_shown(value)}" for name, value in options.items())
    return f"{{{', '.join(shown)}}}"


def worth_text(worth: Worth) -> str:
    """What a unit is worth as a recipe has it, exact to the last bit.

    >>> worth_text(1000.0), worth_text((0.5555555555555556, 32.0)), worth_text(0.1)
    ('1000', '[0.5555555555555556, 32]', '0.1')
    """
    if isinstance(worth, list | tuple):
        return f"[{', '.join(map(worth_text, worth))}]"
    text = f"{worth:.15g}"
    return text if float(text) == worth else repr(worth)


def _shown(value: object) -> str:
    if value is True:
        return "true"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{unit!r}: {worth_text(each)}' for unit, each in value.items())}}}"
    return repr(list(value) if isinstance(value, tuple) else value)


def several_units(
    units: Sequence[str], step: str = "number", signs: Mapping[str, Any] | None = None
) -> str:
    """What to say of numbers in units that nothing brings together.

    Args:
        units: The units, the commonest first.
        step: What reads the column, `number` or `regress`.
        signs: Options that say the signs between the digits; absent: none are needed.

    >>> several_units(["$", "€"], signs={"thousands": ","}).partition("write ")[2]
    "{number: {thousands: ',', unit: {'$': 1, '€': N}}}, where one '€' is N '$'"
    >>> several_units(["box", "bag"]).partition("write ")[2]
    "{number: {unit: {'box': 1, 'bag': N}}}, where one 'bag' is N 'box'"
    >>> several_units(["kg", "g"]).partition("; ")[2]
    "if those without one are in 'kg' write {number: {unit: {'g': 0.001, 'kg': 1}}}"
    """
    if sides(units):
        return of_sides(sides(units), signs, step)
    said = {} if signs is None else dict(signs)
    named = ", ".join(map(repr, units))
    known = in_order(factors(units, {units[0]: 1}))
    if known:
        base = next(unit for unit, worth in known.items() if worth == 1)
        return (
            f"they look like numbers in several units ({named}), not all with one; if those "
            f"without one are in {base!r} write {{{step}: {options_text({**said, 'unit': known})}}}"
        )
    before = f"{options_text(said)[1:-1]}, " if said else ""
    worth = ", ".join(f"{unit!r}: {'N' if i else '1'}" for i, unit in enumerate(units))
    return (
        f"they look like numbers in several units ({named}); if they measure one thing write "
        f"{{{step}: {{{before}unit: {{{worth}}}}}}}, where one {units[1]!r} is N {units[0]!r}"
    )


def of_sides(
    worth: Mapping[str, float], options: Mapping[str, Any] | None = None, step: str = "number"
) -> str:
    """What to say of numbers with the side of the compass beside them.

    Args:
        worth: By what each side multiplies.
        options: Others that the column needs.
        step: What reads the column, `number` or `regress`.

    >>> of_sides({"N": 1.0, "S": -1.0}).partition("; ")[2]
    "if none has a minus too write {number: {unit: {'N': 1, 'S': -1}}} to read 'S' as below zero"
    """
    below = " and ".join(repr(side) for side, sign in worth.items() if sign < 0)
    line = options_text({**(options or {}), "unit": dict(worth)})
    return (
        f"they are numbers with the side of the compass ({', '.join(map(repr, worth))}); if none "
        f"has a minus too write {{{step}: {line}}} to read {below} as below zero"
    )


def are_codes(texts: Sequence[str]) -> bool:
    """Whether what stands beside the digits differs, so that digits alone would merge unlike cells.

    >>> are_codes(["A1", "B5"]), are_codes(["3 kg", "5 kg"]), are_codes(["far", "near"])
    (True, False, False)
    >>> are_codes(["0:20", "5 min"])
    False
    """
    beside = {_NO_UNIT.sub("", text) for text in texts if _WITH_UNIT.fullmatch(text)}
    return len(beside) > 1 and all(any(map(str.isalpha, each)) for each in beside)


def multiplier(text: str) -> str:
    """The word beside the digits that multiplies them; empty: there is none.

    >>> multiplier("¥1.45万"), multiplier("3.5 kg")
    ('万', '')
    """
    found = _MULTIPLIED.fullmatch(text)
    return "" if found is None else found["times"]


def _multiplied(text: str) -> str | None:
    """What to write for a number that a word multiplies."""
    found = _MULTIPLIED.fullmatch(text)
    options = None if found is None else number_forms([found["digits"]])
    if found is None or options is None:
        return None
    times = _TIMES[found["times"]]
    value = float(values_with([found["digits"]], options)[0]) * times
    return (
        f"is written with {found['times']}, which multiplies by {times:,}; write the digits out: "
        f"{value:.15g}"
    )


def _is_degree(text: str, said: Mapping[str, Any]) -> bool:
    """Whether what would multiply elsewhere is a degree beside those that the recipe names."""
    units = _several(said.get("unit", ()))
    return bool(units) and are_temperatures([*units, multiplier(text)])


def _beside(text: str, said: Mapping[str, Any], step: str) -> str | None:
    """What to say of digits with something beside them that is no one unit.

    Args:
        text: The cell.
        said: Options that the recipe gives already.
        step: Name of the step that reads it.
    """
    one = parts_of(text)
    if one is not None and len(one.units) > 1:
        known = set(map(family, _several(said.get("unit", ()))))
        units = " and ".join(repr(unit) for unit in sorted(one.units) if family(unit) not in known)
        return f"has {units} beside the digits; write the digits alone"
    if CLOCK.fullmatch(text):
        return (
            "is written as on a clock; say timestamp if it is a time, and if it is a duration "
            f"{step}: {{clock: hours}} or {step}: {{clock: minutes}}, whichever stands first"
        )
    if not _WITH_UNIT.fullmatch(text):
        return None
    unit = _NO_UNIT.sub("", text) if len(text) <= _LONGEST_UNIT else ""
    return f"has {unit!r} beside the digits; write the digits alone" if unit else None


def _advice(
    text: str, options: Mapping[str, Any], said: Mapping[str, Any], step: str
) -> str | None:
    """What stands in the way, the plain number, and what the recipe would have to say."""
    new = {name: value for name, value in options.items() if said.get(name) != value}
    if _is_another_unit(options, said):
        known = " or ".join(map(repr, _several(said["unit"])))
        unit = " and ".join(map(repr, _several(options["unit"])))
        return f"has {unit} beside the digits and not {known}; write it in that"
    if "thousands" in new:
        new.pop("decimal", None)
    plain = f"{float(values_with([text], options)[0]):.15g}"
    option = f"or say {step}: {options_text(_joined(said, options))}"
    if "brackets" in new:
        return f"stands in brackets; if it is below zero write {plain}, {option}"
    what = " and ".join(words for name, words in _WHAT.items() if name in new)
    return f"has {what}; write {plain}, {option}" if what else None


def _are_other_signs(text: str, options: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether the signs between digits are others than those that the recipe names."""
    if not said.keys() & {"thousands", "decimal"} or said.get("decimal") == EITHER:
        return False
    point, other = _point(said), _point(options)
    return options.get("thousands") == point or (other != point and other in text)


def _with_said_signs(
    text: str, options: Mapping[str, Any], said: Mapping[str, Any], step: str
) -> str:
    """Which sign stands there, which ones the column is read with, and the number with these."""
    point, other = _point(said), _point(options)
    value = f"{float(values_with([text], options)[0]):.15g}".replace(".", point)
    taken = options_text({name: said[name] for name in ("thousands", "decimal") if name in said})
    has = f"{other!r} before the fraction" if other in text else f"{point!r} between thousands"
    if _MAY_BE_THOUSAND.fullmatch(text):
        has, value = f"{other!r} between digits", f"{value}, or {value.replace(point, '')}"
    return f"has {has}, and the column is read as {step}: {taken}; write {value}"


def _point(options: Mapping[str, Any]) -> str:
    sign = options.get("decimal", ".")
    return "," if options.get("thousands") == "." else "." if sign == EITHER else sign


def _joined(said: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the recipe says and what a text needs, in the order of the keys of `number`."""
    both = {**said, **options}
    if "thousands" in both and both.get("decimal") == EITHER:
        both.pop("decimal")
    if "unit" in said and "unit" in options and isinstance(said["unit"], Mapping):
        both["unit"] = {**_alike_units(said["unit"], options["unit"]), **said["unit"]}
    elif "unit" in said and "unit" in options:
        both["unit"] = list(dict.fromkeys([*_several(said["unit"]), *_several(options["unit"])]))
        both["unit"] = both["unit"][0] if len(both["unit"]) == 1 else both["unit"]
    return {name: both[name] for name in FORM_OPTIONS if name in both}


def _alike_units(worth: Mapping[str, Worth], unit: Any) -> dict[str, Worth]:
    """What other spellings of some units are worth."""
    by_family = {family(name): factor for name, factor in worth.items()}
    return {name: by_family[family(name)] for name in _several(unit)}


def _is_another_unit(options: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether the unit of a text means something else than those that the recipe names."""
    known = {family(unit) for unit in _several(said.get("unit", ()))}
    return bool(known) and not known.issuperset(map(family, _several(options.get("unit", ()))))


def _several(unit: Any) -> Sequence[str]:
    return (unit,) if isinstance(unit, str) else tuple(unit)
