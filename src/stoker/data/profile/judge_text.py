"""Judge a column of text by the pattern of all its cells.

    all cells are numbers, in one way of writing them      number, with the options that say so
    all cells are days or moments in one order             timestamp
    all cells are yes and no                               boolean
    values repeat                                          category: grades `C1`, codes `T06`, `007`
    words repeat in texts that do not                      text
    several numbers in each cell: `130/85`                 left out, and told
    else                                                   identifier: codes, names, addresses

Numbers in several units that nothing brings together are told as that, whatever they become.  What
stands among numbers is told by `written`: words that mean "no value", texts that cannot be
read, and a sign that may mean two things.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pyarrow as pa

from stoker.cells.booleans import BooleanCells
from stoker.cells.number_advice import several_units
from stoker.cells.raw import MISSING_NUMBERS
from stoker.data.profile.choice import feature_yaml
from stoker.data.profile.column import ColumnProfile, TextFacts
from stoker.data.profile.judge_numbers import judge_numbers, names_rows
from stoker.data.profile.verdict import Verdict, as_category, is_category, levels
from stoker.data.profile.written import few_texts, with_texts, written_numbers
from stoker.data.profile.written_moments import written_moments

_CODES = 0.9
_MOSTLY_BOOLEAN = 0.94
"""Share of words for yes and no, beside which few others mean that nothing is known."""
_LINE = re.compile(r"write (\{number: .*\}) to read")
"""What reads numbers in two ways of writing, in the sentence that tells them."""
_MOST_GRADES = 20
"""Different numbers with fractions, of which so few may be grades such as 1.3 and 2.7."""
_SOME_WORDS = 1.5
"""Words of a text on average, from which on it may be worth reading as text."""


def judge_text(column: ColumnProfile) -> Verdict:
    """What a column of text is.

    Args:
        column: What was counted; it has texts.
    """
    texts = column.texts
    assert texts is not None
    found = (
        _booleans(column, texts)
        or _moments(column, texts)
        or _numbers(column, texts)
        or _numbers_and_texts(column, texts)
        or _words(column, texts)
    )
    said = several_units(texts.units, signs=texts.unit_signs) if texts.units else texts.two_ways
    if not said or found.kind == "timestamp":
        return found
    line = _LINE.search(said)
    instead = line[1] if line else found.instead
    why = f"{said}; {found.why}"
    return replace(found, why=why, is_notable=True, is_doubtful=True, instead=instead)


def _booleans(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    wanted = column.present - texts.marks
    if not texts.num_others or texts.booleans < _MOSTLY_BOOLEAN * wanted:
        return None
    said = ", ".join(f"{value!r} {cells:,}" for value, cells in column.frequent[:6])
    said = f"its values are words for yes and no: {said}"
    if texts.booleans == wanted:
        return Verdict("boolean", {"boolean": {}}, said)
    value_V = BooleanCells().read(pa.array([text for text, _ in column.frequent])).value_N
    marks = (*MISSING_NUMBERS, "")
    others = [
        (text.strip(), cells)
        for (text, cells), value in zip(column.frequent, value_V.tolist(), strict=True)
        if math.isnan(value) and text.strip().casefold() not in {mark.casefold() for mark in marks}
    ]
    is_all = sum(cells for _, cells in others) == wanted - texts.booleans
    if texts.plain_numbers or not is_all or not {0.0, 1.0} <= set(value_V.tolist()):
        return None
    words = list(dict.fromkeys(text for text, _ in others))
    named = ", ".join(map(repr, words))
    told = f"{said}; {named} is taken to mean that nothing is known"
    feature = {"boolean": {"missing": [*MISSING_NUMBERS, *words]}}
    return Verdict("boolean", feature, told, is_notable=True, instead="category")


def _moments(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    time, wanted = texts.time, column.present - texts.marks
    written = None if time is None else written_moments(time, wanted)
    if time is None or written is None or column.distinct < 2:
        return None
    said = f"{time.cells:,} of {wanted:,} values are days or times, such as {time.example!r}"
    said = "; ".join([*written.notes, said])
    options = {"short_years": True, **written.options} if time.short_years else written.options
    if time.order is None and not time.is_time_of_day:
        told = f"{said}; nothing tells the day from the month, the day is taken to stand first"
        return Verdict(
            "timestamp",
            {"timestamp": {"order": "day_first", **options}},
            told,
            is_notable=True,
            instead=feature_yaml({"timestamp": {"order": "month_first", **options}}),
        )
    if time.order in ("day_first", "month_first"):
        said = f"{said}; the {time.order.removesuffix('_first')} stands first"
        options = {"order": time.order, **options}
    return Verdict("timestamp", {"timestamp": options}, said, bool(written.notes))


def _numbers(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    """Cells that are numbers when read in one way, all of them or but for few."""
    numbers = column.numbers
    if numbers is None or numbers.is_time:
        return None
    if numbers.distinct < 2 and not numbers.beyond_exact:
        return None
    if texts.plain_numbers == column.present - texts.marks and texts.leading_zeros:
        return _zeros(column, texts)
    if texts.version and is_category(column):
        return _versions(column, texts)
    written = written_numbers(column)
    if written is None:
        return None
    found = judge_numbers(column, written.options)
    if found.feature is None or "category" in found.feature or not written.notes:
        return found
    instead = "category" if written.other is None else feature_yaml({"number": written.other})
    why = "; ".join([*written.notes, found.why])
    return Verdict(found.kind, found.feature, why, is_notable=True, instead=instead)


def _versions(column: ColumnProfile, texts: TextFacts) -> Verdict:
    """Numbers of versions are names: as numbers some are one, and 3.10 is less than 3.9."""
    plain = texts.version.rstrip("0")
    why = f"they look like versions: as a number {texts.version!r} is {plain!r}"
    return replace(as_category(column, why, instead="number"), is_notable=True)


def _zeros(column: ColumnProfile, texts: TextFacts) -> Verdict:
    """Digits with zeros in front are codes."""
    why = f"{texts.leading_zeros:,} have zeros in front, as codes have"
    if is_category(column, generous=True):
        return as_category(column, why, instead="number")
    return Verdict("identifier", None, f"{levels(column)}; {why}", True, "category")


def _numbers_and_texts(column: ColumnProfile, texts: TextFacts) -> Verdict | None:
    """Numbers with texts among them that make grades or codes of them, or cannot be read."""
    numbers, reading = column.numbers, texts.number
    if numbers is None or numbers.is_time:
        return None
    found = with_texts(column, texts)
    if reading is not None and is_category(column):
        instead = feature_yaml({"number": reading.options if found is None else found[1]})
        said = few_texts(column, texts)
        return _told_if_measured(column, as_category(column, said, instead=instead))
    if found is None or names_rows(column):
        return None
    said, options = found
    instead = feature_yaml({"number": options})
    if is_category(column):
        return _told_if_measured(column, as_category(column, said, instead=instead))
    if numbers.is_whole and is_category(column, generous=True):
        return replace(as_category(column, said, instead=instead), is_notable=True)
    return Verdict("number", None, said, True, instead, is_doubtful=True)


def _told_if_measured(column: ColumnProfile, found: Verdict) -> Verdict:
    """A category of numbers with texts among them, told where the numbers are no grades."""
    numbers = column.numbers
    if numbers is None or numbers.is_whole or numbers.distinct <= _MOST_GRADES:
        return found
    return replace(found, is_notable=True)


def _words(column: ColumnProfile, texts: TextFacts) -> Verdict:
    """Values that repeat, texts whose words repeat, or names of rows."""
    pairs = "" if texts.time is not None else _pairs(column, texts)
    if pairs and is_category(column):
        return replace(as_category(column, pairs), is_notable=True)
    if pairs:
        told = f"{levels(column)}; {pairs}"
        instead = "category" if is_category(column, generous=True) else "text"
        return Verdict("numbers", None, told, True, instead, is_doubtful=True)
    is_code = texts.codes >= _CODES * column.present or texts.mean_words < 1.2
    if is_category(column) or (is_code and is_category(column, generous=True)):
        return as_category(column)
    if texts.codes < _CODES * column.present and _is_prose(texts):
        said = f"{levels(column)}, {texts.mean_words:.1f} words each"
        return Verdict("text", {"text": {}}, said, instead="category")
    told = f"{levels(column)} look like identifiers or names"
    if texts.time is not None:
        told = f"only {texts.time.cells:,} of {column.present:,} values are days in one order"
    is_doubtful = texts.time is not None
    instead = "text" if texts.mean_words >= _SOME_WORDS or texts.has_han else "category"
    return Verdict("identifier", None, told, True, instead, is_doubtful=is_doubtful)


def _pairs(column: ColumnProfile, texts: TextFacts) -> str:
    """What to say of cells that hold several numbers each; empty: they do not."""
    if texts.pairs < _CODES * (column.present - texts.marks) or not texts.pairs:
        return ""
    has_digits = (text for text, _ in column.frequent if re.search(r"\d\D+\d", text))
    return (
        f"they hold several numbers each, such as {next(has_digits, '')!r}; a column for each "
        "number tells a model more"
    )


def _is_prose(texts: TextFacts) -> bool:
    """Whether the words of texts that hardly repeat stand in several of them."""
    if texts.has_han and texts.mean_words < 1.5:  # Written without blanks: characters repeat.
        return texts.mean_length >= 6 and texts.repeated_words > 0.6
    return (texts.mean_words >= 3 and texts.repeated_words > 0.2) or (
        texts.mean_words >= 1.8 and texts.repeated_words > 0.5
    )
