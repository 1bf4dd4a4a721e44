"""Judge columns of numbers, however they are spelled: measurements, codes, or what names rows.

Whole numbers name rows when they all differ, or nearly, although by chance many would have met: of
20,000 random numbers below 1,000,000 some 200 are met twice.  Fewer than 50 prove nothing.  Years
are kept, because a table with a row a year is common.

Numbers that repeat under the name of an identifier, `patient_id`, are categories where each has a
few rows, and left out where they hardly repeat.

Whole numbers beyond 2**53 are codes, because a 64-bit number cannot tell them apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from stoker.cells.number_quantities import Worth
from stoker.cells.raw import MISSING_NUMBERS
from stoker.data.profile.column import ColumnProfile, NumberFacts
from stoker.data.profile.relations import is_identifier
from stoker.data.profile.verdict import Verdict, as_category, is_category, levels

_FEWEST_ROWS = 50
_NAME = re.compile(
    r"(?i:(?<![a-z])(?:id|ids|uuid|guid|index|rowid|row_?num(?:ber)?|row_?names?|key))$"
    r"|[a-z](?:ID|Id|Key)$|^Unnamed: 0$|(?<!信)号$|号码$|序号|编号"
)
_YEAR = re.compile(r"(?i:year|yr|time|date)|年")
_YEARS = (1500, 2200)
_LONGEST_EXACT = 40
"""Digits of a text that are still taken for a whole number."""
_MOST_MET = 0.05
_LEAST_EXPECTED = 10.0


def judge_numbers(column: ColumnProfile, options: dict[str, Any]) -> Verdict:
    """What a column of numbers is.

    Args:
        column: What was counted; it has numbers.
        options: Options of `number` with which they are read.
    """
    numbers = column.numbers
    assert numbers is not None
    reason = "" if options.get("clock") else names_rows(column)
    if reason:
        return Verdict("identifier", None, reason, is_notable=True, instead="number")
    if _are_codes(column, numbers):
        return _long_codes(column)
    if not options and is_identifier(column):
        return _repeated_identifier(column)
    said = f"{numbers.distinct:,} different numbers from {numbers.low:.6g} to {numbers.high:.6g}"
    if options:
        said += f", written such as {_example(column)!r}{_converted(options.get('unit'))}"
    if options.get("clock"):
        return Verdict("number", {"number": options}, f"{said}; durations in seconds", True)
    if numbers.infinite and column.texts is None:
        told = (
            f"{said}; {numbers.infinite:,} infinite cells are taken to mean that nothing is known"
        )
        missing = [*MISSING_NUMBERS, "inf", "-inf"]
        return Verdict("number", {"number": {**options, "missing": missing}}, told, True, "number")
    if numbers.infinite:
        said += f"; {numbers.infinite:,} infinite cells cannot be used"
    return Verdict("number", {"number": options}, said)


def _converted(unit: Any) -> str:
    """What became of several units; empty: there is one, or none."""
    if not isinstance(unit, Mapping):
        return ""
    base = next((name for name, factor in unit.items() if factor == 1), "")
    each = [_one_of(name, worth, base) for name, worth in unit.items() if worth != 1]
    return f"; {', '.join(each)}"


def _one_of(name: str, worth: Worth, base: str) -> str:
    """What one of a unit is in another."""
    if isinstance(worth, tuple):
        factor, zero = worth
        return f"{zero:.6g} {name} is 0 {base} and each more is {factor:.6g} {base} more"
    if 0 < worth < 1:
        return f"{1 / worth:,.6g} {name} are 1 {base}".rstrip()
    return f"1 {name} is {worth:,.15g} {base}".rstrip()


def names_rows(column: ColumnProfile) -> str:
    """Why whole numbers look like those that are given out to tell rows apart; empty: they do not.

    Args:
        column: What was counted.
    """
    numbers = column.numbers
    if numbers is None or not numbers.is_whole or numbers.cells < 2 or numbers.infinite:
        return ""
    if column.texts is not None and column.texts.longest > _LONGEST_EXACT:
        return ""
    if _is_amount(column):
        return ""
    all_differ = column.distinct == column.present
    if all_differ and _is_exact(column) and numbers.beyond_exact:
        return "all its values differ and are whole numbers beyond 2**53, as identifiers are"
    if all_differ and _NAME.search(column.name):
        return "all its values differ, and its name is that of an identifier"
    if numbers.cells < _FEWEST_ROWS or _are_years(column.name, numbers):
        return ""
    if numbers.distinct >= 0.98 * numbers.cells and _stand_close(numbers):
        return (
            f"its {numbers.cells:,} values are {numbers.distinct:,} different whole numbers from "
            f"{numbers.low:,.0f} to {numbers.high:,.0f}, as row numbers and identifiers are"
        )
    return _never_met(column, numbers)


def _is_amount(column: ColumnProfile) -> bool:
    """Whether numbers have a unit or a limit, which those that were given out have not."""
    reading = None if column.texts is None else column.texts.number
    return reading is not None and bool(reading.options.keys() & {"unit", "censored"})


def _stand_close(numbers: NumberFacts) -> bool:
    span = numbers.high - numbers.low
    return span < 2 * numbers.cells or numbers.steps_of_one >= 0.9 * (numbers.distinct - 1)


def _never_met(column: ColumnProfile, numbers: NumberFacts) -> str:
    """Why values that hardly repeat were given out and not measured."""
    span = numbers.high - numbers.low + 1
    # Of n numbers drawn from a span, so many are expected to be one that was drawn before.
    expected = numbers.cells - span * -_expm1(numbers.cells, span)
    met = numbers.cells - column.distinct
    if expected < _LEAST_EXPECTED or met > _MOST_MET * expected:
        return ""
    return (
        f"its {numbers.cells:,} whole numbers from {numbers.low:,.0f} to {numbers.high:,.0f} "
        f"repeat {met:,} times where chance would have it {expected:,.0f} times, so they were "
        "given out, as order numbers are"
    )


def _expm1(cells: int, span: float) -> float:
    """(1 - 1 / span) ** cells - 1, exact for large spans."""
    return math.expm1(cells * math.log1p(-1 / span)) if span > 1 else -1.0


def _are_years(name: str, numbers: NumberFacts) -> bool:
    in_range = _YEARS[0] <= numbers.low and numbers.high <= _YEARS[1]
    return in_range and bool(_YEAR.search(name))


def _is_exact(column: ColumnProfile) -> bool:
    """Whether the type keeps every digit, so that long numbers are codes and not measurements."""
    return not column.stored.startswith(("float", "double", "halffloat"))


def _are_codes(column: ColumnProfile, numbers: NumberFacts) -> bool:
    """Whether cells that differ would become equal, or most are longer than a number keeps."""
    if not _is_exact(column) or not numbers.beyond_exact:
        return False
    if column.texts is not None and column.texts.longest > _LONGEST_EXACT:
        return False
    return numbers.distinct < column.distinct or 2 * numbers.beyond_exact > numbers.cells


def _long_codes(column: ColumnProfile) -> Verdict:
    why = "they are whole numbers beyond 2**53, which a 64-bit number cannot tell apart"
    if is_category(column, generous=True):
        return as_category(column, why, instead="number")
    return Verdict("identifier", None, f"{levels(column)}: {why}", True, "number")


def _repeated_identifier(column: ColumnProfile) -> Verdict:
    """Numbers that name a patient or a shop of several rows: their size means nothing."""
    why = "its name is that of an identifier"
    if is_category(column):
        return as_category(column, why, instead="number")
    return Verdict("identifier", None, f"{levels(column)}, and {why}", True, "category")


def _example(column: ColumnProfile) -> str:
    texts = column.texts
    return texts.number.example if texts is not None and texts.number is not None else ""
