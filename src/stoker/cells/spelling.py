"""One value, one spelling: how a value is written that files and protocols write in several ways.

CSV by hand says `true` and `3`, pandas `True` and, in a column with gaps, `3.0`; Parquet has types;
JSON both.  A category is looked up as it is spelled, and if training never saw that spelling, under
the canonical one.  So all spellings of a value are one category, except where training itself held
two of them as text: then each has its own code (`250.0` and `250.00` are two diagnoses).

Whole numbers that a table with gaps writes as `1.0` beside `1` are one value, called `1`, where no
name of the column has another fraction: `250`, `250.0` and `250.83` stay three codes.

A recipe may say `fold: true`: then names that only case, width or blanks tell apart are one too,
called by the spelling that most training rows have.

`03` is no spelling of `3`, and `1e3` none of `1000`: they stand in codes more often than in counts.

Cost: 0.2 to 1 µs for each distinct value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

_BOOLS = ("true", "false")
_LONGEST_BOOL = 5
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_WHOLE_FLOAT = re.compile(rf"{_WHOLE.pattern}\.0", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_HOUR = re.compile(r"\d\d:\d\d(:\d\d(?:\.\d+)?)?", re.ASCII)
_UTC = (None, "Z", "+00:00", "+0000", "+00")


def canonical(text: str) -> str:
    """The canonical spelling of a value, the text itself where there is none.

    >>> [canonical(text) for text in ("TRUE", "3.0", "2.50", "-0.0", "03", "1.2.0", "上海")]
    ['true', '3', '2.5', '0', '03', '1.2.0', '上海']
    >>> [canonical(text) for text in ("2024-01-01 00:00:00", "2024-01-01T08:30Z", "08:30")]
    ['2024-01-01', '2024-01-01T08:30:00', '08:30:00']
    """
    if len(text) <= _LONGEST_BOOL and text.lower() in _BOOLS:
        return text.lower()
    if not text or text[0] not in "-0123456789":
        return text
    if _NUMBER.fullmatch(text):
        return trimmed(text)
    return _moment(text) if ":" in text else text


def trimmed(number: str) -> str:
    """A decimal number without zeros behind its fraction, digit for digit.

    >>> trimmed("12345678901234567891.500"), trimmed("-0.00"), trimmed("100")
    ('12345678901234567891.5', '0', '100')
    """
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return "0" if number == "-0" else number


def codes_by_spelling(names: Iterable[str], *, fold: bool = False) -> dict[str, int]:
    """Position from 1 of each name, under its own spelling and under the canonical one.

    Of names that share a canonical spelling the first has it, unless one of them is written so.

    Args:
        names: Different names.
        fold: Whether case, width and blanks tell nothing apart.

    >>> codes_by_spelling(["True", "no", "3.0", "3"])
    {'True': 1, 'no': 2, '3.0': 3, '3': 4, 'true': 1}
    >>> codes_by_spelling(["Ja", "Weiß nicht"], fold=True)
    {'ja': 1, 'weissnicht': 2}
    """
    listed = list(names)
    codes = {(folded(name) if fold else name): code for code, name in enumerate(listed, 1)}
    for code, name in enumerate(listed, 1):
        plain = canonical(name)
        codes.setdefault(folded(plain) if fold else plain, code)
    return codes


def find_code(codes: dict[str, int], name: str, *, fold: bool = False) -> int:
    """The code of a name, whichever way it is spelled; 0 if there is none."""
    if fold:
        return codes.get(folded(name)) or codes.get(folded(canonical(name)), 0)
    return codes.get(name) or codes.get(canonical(name), 0)


def folded(name: str) -> str:
    """A name without what case, width and blanks tell.

    >>> folded("Weiß Nicht"), folded("\N{FULLWIDTH LATIN CAPITAL LETTER A}1\u200b")
    ('weissnicht', 'a1')
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")


def one_name_each(count: Mapping[str, int], *, fold: bool = False) -> dict[str, str]:
    """What the value of each spelling is called; spellings of one value have one name.

    Args:
        count: Cells of each spelling.
        fold: Whether case, width and blanks tell nothing apart; the commonest spelling is the name.

    >>> one_name_each({"1": 2, "1.0": 3, "unknown": 1})
    {'1': '1', '1.0': '1', 'unknown': 'unknown'}
    >>> one_name_each({"ja": 2, "Ja": 3, "nein": 1}, fold=True)
    {'ja': 'Ja', 'Ja': 'Ja', 'nein': 'nein'}
    """
    called = _whole_names(count)
    if not fold:
        return called
    rows = counted_as(count, called)
    groups: dict[str, list[str]] = {}
    for name in rows:
        groups.setdefault(folded(name), []).append(name)
    commonest = {key: max(names, key=lambda name: rows[name]) for key, names in groups.items()}
    return {spelling: commonest[folded(name)] for spelling, name in called.items()}


def counted_as(count: Mapping[str, int], called: Mapping[str, str]) -> dict[str, int]:
    """Counts of names, spellings of one value together.

    >>> counted_as({"1": 2, "1.0": 3, "2": 1}, {"1": "1", "1.0": "1", "2": "2"})
    {'1': 5, '2': 1}
    """
    merged: dict[str, int] = {}
    for spelling, cells in count.items():
        name = called[spelling]
        merged[name] = merged.get(name, 0) + cells
    return merged


def whole_as_one(count: Mapping[str, int]) -> dict[str, int]:
    """Counts of names with `1` and `1.0` as one, called `1`, where no name has another fraction.

    >>> whole_as_one({"1": 2, "1.0": 3, "01": 1, "0.0": 4, "unknown": 1})
    {'1': 5, '01': 1, '0': 4, 'unknown': 1}
    >>> whole_as_one({"250": 2, "250.0": 3, "250.83": 1}), whole_as_one({"1.0": 3, "2.0": 1})
    ({'250': 2, '250.0': 3, '250.83': 1}, {'1.0': 3, '2.0': 1})
    """
    return counted_as(count, _whole_names(count))


def _whole_names(count: Iterable[str]) -> dict[str, str]:
    """The name of each spelling where only `1` and `1.0` are one."""
    spellings = list(count)
    with_point = [name for name in spellings if "." in name and _NUMBER.fullmatch(name)]
    are_whole = all(map(_WHOLE_FLOAT.fullmatch, with_point))
    if not with_point or not are_whole or not any(map(_WHOLE.fullmatch, spellings)):
        return {name: name for name in spellings}
    return {name: trimmed(name) if _WHOLE_FLOAT.fullmatch(name) else name for name in spellings}


def told_apart(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that are one value, or one but for zeros in front.

    >>> told_apart(["7", "3", "007", "True", "3.0", "TRUE"])
    [('7', '007'), ('3', '3.0'), ('True', 'TRUE')]
    """
    first: dict[str, str] = {}
    pairs = ((first.setdefault(_without_zeros(canonical(name)), name), name) for name in names)
    return [pair for pair in pairs if pair[0] != pair[1]]


def _without_zeros(name: str) -> str:
    return (name.lstrip("0") or "0") if name.isascii() and name.isdigit() else name


def _moment(text: str) -> str:
    """A date with a time in UTC as ISO 8601, midnight as the date; a time with its seconds."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        hour = _HOUR.fullmatch(text)
        return f"{text[:5]}{_seconds(hour[1])}" if hour else text
    day, minute, seconds, zone = found.groups()
    if zone not in _UTC:
        try:
            moment = datetime.fromisoformat(f"{day}T{minute}{zone}").astimezone(UTC)
        except (ValueError, OverflowError):  # 2024-13-01, or before the year 1 in UTC
            return text
        day, minute = moment.date().isoformat(), f"{moment:%H:%M}"
    time = f"{minute}{_seconds(seconds)}"
    return day if time == "00:00:00" else f"{day}T{time}"


def _seconds(text: str | None) -> str:
    return trimmed(text) if text else ":00"
