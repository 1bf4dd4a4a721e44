"""How a column of text writes its numbers, with what has to be told about it.

A few words among numbers mean "no value" more often than anything else; they become `missing` and
are told, unless the numbers are few themselves and may be grades.  A few texts with digits that do
not fit (`¥1.45万` among `¥1,161.23`) are measured too, so they never mean "no value": their rows
are rejected, and that is told.  Whole numbers that repeat, with such a text among them (`X363`),
are codes.

Cost: microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stoker.cells.number_advice import multiplier
from stoker.cells.number_forms import values_with
from stoker.cells.raw import MISSING_NUMBERS
from stoker.core.events import counted
from stoker.data.profile.choice import feature_yaml, quoted
from stoker.data.profile.column import ColumnProfile, NumberFacts, NumberReading, TextFacts
from stoker.data.profile.spelling import LEAST_READ
from stoker.data.profile.verdict import is_category

_MOSTLY = 0.8
_NEARLY_ALL = 0.94
_FEW_TEXTS = 10
_FEW_NUMBERS = 20
_FEW_UNITS = 10


@dataclass(frozen=True)
class Written:
    """How numbers are written."""

    options: dict[str, Any]
    """Options of `number` or `regress`."""
    notes: tuple[str, ...] = ()
    """What a user should be told."""
    other: dict[str, Any] | None = None
    """Options with which they mean something else, where nothing tells which is meant."""


def written_numbers(column: ColumnProfile, step: str = "number") -> Written | None:
    """How the numbers of a column are written; None if it holds other things.

    Args:
        column: What was counted.
        step: What reads them, `number` or `regress`.
    """
    texts, numbers = column.texts, column.numbers
    if numbers is None or numbers.is_time:
        return None
    if texts is None:
        return Written({})
    wanted, reading = column.present - texts.marks, texts.number
    if texts.leading_zeros:
        return None
    if reading is None:
        return Written({}, tuple(_errors(texts))) if texts.plain_numbers == wanted else None
    if reading.cells < _MOSTLY * wanted or are_labels(column, numbers, reading):
        return None
    if reading.cells < LEAST_READ * (reading.cells + reading.odd_cells):
        return None
    missing = [*MISSING_NUMBERS, *(text for text, _ in reading.words)] if reading.words else []
    options = {**reading.options, **({"missing": missing} if missing else {})}
    notes = [
        *_doubt(reading, step),
        *_censored(reading),
        *_odd(reading),
        *_words(reading, wanted),
        *_errors(texts),
    ]
    other = _other_meaning(options) if reading.is_ambiguous else None
    return Written(options, tuple(notes), other)


def are_labels(column: ColumnProfile, numbers: NumberFacts, reading: NumberReading) -> bool:
    """Whether numbers with other texts among them, or with such a unit, are grades or codes.

    Args:
        column: What was counted.
        numbers: Its numbers.
        reading: How they are written.
    """
    if reading.num_words > _FEW_TEXTS:
        return True
    if reading.num_words and numbers.distinct <= _FEW_NUMBERS and is_category(column):
        return True
    unit = reading.options.get("unit", "")
    if reading.odd and not unit and numbers.is_whole and is_category(column):
        return True
    may_name = isinstance(unit, str) and len(unit) > 1 and unit.isupper() and unit.isascii()
    return may_name and reading.distinct <= _FEW_UNITS


def few_texts(column: ColumnProfile, texts: TextFacts) -> str:
    """What to say of a column of numbers in digits with texts among them; empty: it is none.

    Args:
        column: What was counted.
        texts: Its texts.
    """
    wanted = column.present - texts.marks
    if texts.leading_zeros or texts.plain_numbers < _MOSTLY * wanted:
        return ""
    if not 0 < texts.num_others <= _FEW_TEXTS:
        return ""
    share = texts.plain_numbers / wanted
    return (
        f"{share:.0%} of its values are numbers, the others are few texts ({_named(texts.others)})"
    )


def with_texts(column: ColumnProfile, texts: TextFacts) -> tuple[str, dict[str, Any]] | None:
    """What to say of numbers with texts among them, and the options that make these missing.

    None if the texts are more than a few cells, or the numbers have zeros in front.

    Args:
        column: What was counted.
        texts: Its texts.
    """
    reading, wanted = texts.number, column.present - texts.marks
    said = few_texts(column, texts)
    if said:
        others = texts.others
    elif reading is None or texts.leading_zeros or reading.cells < _NEARLY_ALL * wanted:
        return None
    else:
        others = tuple(sorted((*reading.odd, *reading.words), key=lambda pair: -pair[1]))
        share = reading.cells / wanted
        said = f"{share:.0%} of its values are numbers, the others are texts ({_named(others[:5])})"
        more = wanted - reading.cells - sum(cells for _, cells in others)
        if more:
            said += f"; the line names the {len(others)} commonest, without those of "
            said += f"{counted(more, 'cells')} more, whose rows are rejected unless you add them"
    form = {} if reading is None else reading.options
    return said, {**form, "missing": [*MISSING_NUMBERS, *(text for text, _ in others)]}


def misread(column: ColumnProfile, decimal: str, step: str = "number") -> str | None:
    """What is wrong where a recipe takes a sign for one between thousands, or before a fraction.

    Args:
        column: What was counted.
        decimal: The sign before fractions that the recipe says.
        step: What reads the column, `number` or `regress`.
    """
    written = written_numbers(column, step)
    reading = None if column.texts is None else column.texts.number
    if written is None or reading is None or reading.is_ambiguous:
        return None
    if decimal == _point(written.options) or decimal != _point(_other_meaning(written.options)):
        return None
    one, two = _two_values(reading)
    if one == two or "inf" in (one, two):
        return None
    meant = "thousands" if "thousands" in written.options else "fractions"
    return (
        f"{reading.example!r} is read as {two}, but the cells of the column are those of "
        f"{meant}, which makes it {one}; write {quoted(column.name)}: "
        f"{_yaml(step, written.options)}"
    )


def _point(options: dict[str, Any]) -> str:
    """The sign before fractions."""
    return "," if options.get("thousands") == "." else options.get("decimal", ".")


def _two_values(reading: NumberReading) -> tuple[str, str]:
    """The example as it is read, and with the other meaning of its sign."""
    both = (reading.options, _other_meaning(reading.options))
    one, two = (f"{float(values_with([reading.example], each)[0]):.15g}" for each in both)
    return one, two


def _named(texts: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{text!r} {cells:,}" for text, cells in texts)


def _doubt(reading: NumberReading, step: str) -> list[str]:
    """That a sign may have its other meaning."""
    if not reading.is_ambiguous:
        return []
    one, two = _two_values(reading)
    other = _yaml(step, _other_meaning(reading.options))
    return [f"{reading.example!r} is read as {one}; if it is {two} write {other}"]


def _yaml(step: str, options: dict[str, Any]) -> str:
    return feature_yaml({step: options})


def _other_meaning(options: dict[str, Any]) -> dict[str, Any]:
    """The same options with the other meaning of the sign between digits."""
    rest = {key: value for key, value in options.items() if key not in ("thousands", "decimal")}
    thousands, decimal = options.get("thousands", ""), options.get("decimal", ".")
    if thousands == ",":
        return {"decimal": ",", **rest}
    if thousands == ".":
        return rest
    return (
        {"thousands": ",", **rest} if decimal == "," else {"thousands": ".", "decimal": ",", **rest}
    )


def _censored(reading: NumberReading) -> list[str]:
    """That cells beyond a limit are taken for the limit."""
    if not reading.censored:
        return []
    return [
        f"{counted(reading.censored_cells, 'cells')} beyond a limit "
        f"({_named(reading.censored[:3])}) are read as that limit"
    ]


def _odd(reading: NumberReading) -> list[str]:
    """That some cells cannot be read."""
    if not reading.odd:
        return []
    text = reading.odd[0][0]
    word = multiplier(text)
    how = f" such as {text!r}, written with {word}," if word else f" such as {text!r}"
    rows = "its row is" if reading.odd_cells == 1 else "their rows are"
    return [f"{counted(reading.odd_cells, 'cells')}{how} cannot be read and {rows} rejected"]


def _errors(texts: TextFacts) -> list[str]:
    """That a spreadsheet had no value for some cells."""
    if not texts.errors:
        return []
    return [
        f"errors of a spreadsheet ({_named(texts.errors)}) are taken to mean that nothing is known"
    ]


def _words(reading: NumberReading, wanted: int) -> list[str]:
    """That some texts are taken to be no value."""
    if not reading.words:
        return []
    return [
        f"{reading.cells / wanted:.0%} of its values are numbers, the others are few texts "
        f"({_named(reading.words)}), which are taken to mean that nothing is known"
    ]
