"""Judge a column of text by the pattern of all its cells.

    all cells are numbers, in one way of writing them      number, with the options that say so
    all cells are days or moments in one order             timestamp
    all cells are yes and no                               boolean
    values repeat                                          category: grades `C1`, codes `T06`, `007`
    words repeat in texts that do not                      text
    several numbers in each cell: `130/85`                 left out, and told
    else                                                   identifier: codes, names, addresses

A few words among numbers mean "no value" more often than anything else; they are listed as
`missing` and told, unless the numbers are few themselves and may be grades.  A text with a digit
among numbers (`X363`) makes codes of them all.
"""

from __future__ import annotations

from typing import Any

from stoker.data.profile.choice import feature_yaml
from stoker.data.profile.column import ColumnProfile, TextFacts
from stoker.data.profile.judge_numbers import judge_numbers
from stoker.data.profile.verdict import Verdict, as_category, is_category, levels
from stoker.features._cells import MISSING_NUMBERS

_MOSTLY = 0.8
_NEARLY_ALL = 0.98
_FEW_TEXTS = 10
_FEW_NUMBERS = 20
_FEW_UNITS = 10
_CODES = 0.9
_SOME_WORDS = 1.5
"""Words of a text on average, from which on it may be worth reading as text."""


def judge_text(column: ColumnProfile) -> Verdict:
    """What a column of text is.

    Args:
        column: What was counted; it has texts.
    """
    texts = column.texts
    assert texts is not None
    return (
        _booleans(column, texts)
        or _moments(column, texts)
        or _numbers(column, texts)
        or _numbers_and_texts(column, texts)
        or _words(column, texts)
    )


def _booleans(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    if not texts.num_others or texts.booleans < column.present - texts.marks:
        return None
    said = ", ".join(f"{value!r} {cells:,}" for value, cells in column.frequent[:6])
    return Verdict("boolean", {"boolean": {}}, f"its values are words for yes and no: {said}")


def _moments(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    time, wanted = texts.time, column.present - texts.marks
    if time is None or time.cells < _NEARLY_ALL * wanted or column.distinct < 2:
        return None
    said = f"{time.cells:,} of {wanted:,} values are days or times, such as {time.example!r}"
    short = {"short_years": True} if time.short_years else {}
    if time.order is None and not time.is_time_of_day:
        told = f"{said}; nothing tells the day from the month, the day is taken to stand first"
        return Verdict(
            "timestamp",
            {"timestamp": {"order": "day_first", **short}},
            told,
            is_notable=True,
            instead=feature_yaml({"timestamp": {"order": "month_first", **short}}),
        )
    if time.order in ("day_first", "month_first"):
        told = f"{said}; the {time.order.removesuffix('_first')} stands first"
        short = {"order": time.order, **short}
        return Verdict("timestamp", {"timestamp": short}, told, time.cells < wanted)
    return Verdict("timestamp", {"timestamp": short}, said, time.cells < wanted)


def _numbers(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    """All cells are numbers when read in one way."""
    numbers = column.numbers
    if numbers is None or numbers.is_time:
        return None
    if numbers.distinct < 2 and not numbers.beyond_exact:
        return None
    wanted = column.present - texts.marks
    if texts.plain_numbers == wanted:
        return _zeros(column, texts) or judge_numbers(column, {})
    reading = texts.number
    if reading is None or reading.cells < wanted:
        return None
    if _may_be_names(reading.options) and reading.distinct <= _FEW_UNITS:
        return as_category(column, instead=feature_yaml({"number": reading.options}))
    found = judge_numbers(column, reading.options)
    if not reading.is_ambiguous or found.feature is None:
        return found
    other = {**reading.options, "decimal": ","}
    other.pop("thousands")
    told = f"{found.why}; the comma is taken to stand between thousands"
    instead = feature_yaml({"number": other})
    return Verdict(found.kind, found.feature, told, is_notable=True, instead=instead)


def number_options(column: ColumnProfile) -> dict[str, Any] | None:
    """The options with which `number` or `regress` reads a column; None if it holds other things.

    Args:
        column: What was counted.
    """
    texts, numbers = column.texts, column.numbers
    if texts is None or numbers is None:
        return None if numbers is None else {}
    if texts.leading_zeros or numbers.is_time:
        return None
    wanted, reading = column.present - texts.marks, texts.number
    if texts.plain_numbers == wanted:
        return {}
    if reading is not None and reading.cells >= wanted:
        return dict(reading.options)
    few = 0 < texts.num_others <= _FEW_TEXTS and texts.plain_numbers >= _MOSTLY * wanted
    if not few or numbers.distinct <= _FEW_NUMBERS or _hold_digits(texts):
        return None
    return {"missing": [*MISSING_NUMBERS, *(text for text, _ in texts.others)]}


def _zeros(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    """Digits with zeros in front are codes."""
    if not texts.leading_zeros:
        return None
    why = f"{texts.leading_zeros:,} have zeros in front, as codes have"
    if is_category(column, generous=True):
        return as_category(column, why, instead="number")
    return Verdict("identifier", None, f"{levels(column)}; {why}", True, "category")


def _may_be_names(options: dict[str, Any]) -> bool:
    """Whether a few values with this unit may be names: `4WD`."""
    unit = options.get("unit", "")
    return isinstance(unit, str) and len(unit) > 1 and unit.isupper() and unit.isascii()


def _numbers_and_texts(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    """Most cells are numbers, the others a few texts."""
    numbers, wanted = column.numbers, column.present - texts.marks
    if numbers is None or numbers.is_time or texts.leading_zeros:
        return None
    if texts.plain_numbers < _MOSTLY * wanted or not 0 < texts.num_others <= _FEW_TEXTS:
        return None
    named = ", ".join(f"{text!r} {cells:,}" for text, cells in texts.others)
    share = texts.plain_numbers / wanted
    said = f"{share:.0%} of its values are numbers, the others are few texts ({named})"
    if (numbers.distinct <= _FEW_NUMBERS or _hold_digits(texts)) and is_category(column):
        return as_category(column, said)
    missing = [*MISSING_NUMBERS, *(text for text, _ in texts.others)]
    found = judge_numbers(column, {"missing": missing})
    if found.feature is None or "category" in found.feature:
        return found
    told = f"{said}, which are taken to mean that nothing is known"
    return Verdict("number", found.feature, told, is_notable=True, instead="category")


def _hold_digits(texts: TextFacts) -> bool:
    """Whether a text among numbers has digits too: it is a code such as `X363`, or `< 5`."""
    return any(c.isdigit() for text, _ in texts.others for c in text)


def _words(column: ColumnProfile, texts: TextFacts) -> Verdict:
    """Values that repeat, texts whose words repeat, or names of rows."""
    is_code = texts.codes >= _CODES * column.present or texts.mean_words < 1.2
    if is_category(column) or (is_code and is_category(column, generous=True)):
        return as_category(column)
    if texts.pairs >= _CODES * column.present:
        told = (
            f"{levels(column)} hold several numbers each, such as {column.frequent[0][0]!r}; a "
            "column for each number tells a model more"
        )
        return Verdict("numbers", None, told, is_notable=True, instead="text")
    if texts.codes < _CODES * column.present and _is_prose(texts):
        said = f"{levels(column)}, {texts.mean_words:.1f} words each"
        return Verdict("text", {"text": {}}, said, instead="category")
    told = f"{levels(column)} look like identifiers or names"
    if texts.time is not None:
        told = f"only {texts.time.cells:,} of {column.present:,} values are days in one order"
    instead = "text" if texts.mean_words >= _SOME_WORDS or texts.has_han else "category"
    return Verdict("identifier", None, told, is_notable=True, instead=instead)


def _is_prose(texts: TextFacts) -> bool:
    """Whether the words of texts that hardly repeat stand in several of them."""
    if texts.has_han and texts.mean_words < 1.5:  # Written without blanks: characters repeat.
        return texts.mean_length >= 6 and texts.repeated_words > 0.6
    return (texts.mean_words >= 3 and texts.repeated_words > 0.2) or (
        texts.mean_words >= 1.8 and texts.repeated_words > 0.5
    )
