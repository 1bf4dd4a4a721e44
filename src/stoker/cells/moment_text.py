"""Text as moments: one reader of dates, moments and times of day as people write them.

Year first (`2021-03-04`, `2021/3/4`, `20210304`, `2021年3月4日`) and month names (`4 Mar 2021`) are
read as they stand.  `03/04/2021` could be read in two ways: the order of day and month has to be
said, or to follow from the other texts of the column.  Dots mean day first, as where dots are used.
Years of two digits are read only if that is asked for.  Moments without a zone are taken as UTC.

Cost: 2 to 4 µs for each text; callers read distinct ones, and plain ISO goes through Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple

Order = Literal["year_first", "day_first", "month_first"]

_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_MINUTE = r":(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_HALF = r"\s*(?P<half>[ap]\.?m\.?)?"
_ZONE = r"\s*(?P<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?"
_LATER = rf"(?:(?:t|,?\s+)\s*(?P<hour>\d{{1,2}})(?:{_MINUTE})?{_HALF}{_ZONE})?"
_FLAGS = re.ASCII | re.IGNORECASE
_FORMS = tuple(
    re.compile(form, _FLAGS)
    for form in (
        rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}}){_LATER}",
        r"(?P<year>\d{4})-(?P<month>\d{1,2})",
        rf"(?P<year>(?:1[6-9]|20|21)\d\d)(?P<month>\d\d)(?P<day>\d\d){_LATER}",
        rf"(?P<year>\d{{4}})年\s*(?P<month>\d{{1,2}})月(?:\s*(?P<day>\d{{1,2}})[日号])?{_LATER}",
        r"(?P<year>\d{4})年\s*(?P<month>\d{1,2})月\s*(?P<day>\d{1,2})[日号]\s*"
        r"(?P<hour>\d{1,2})[时点](?:(?P<minute>\d{1,2})分?)?(?:(?P<second>\d{1,2})秒)?",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-\s.]*(?P<name>{_MONTH})[-\s.,]*"
        rf"(?P<year>\d{{4}}){_LATER}",
        rf"{_WEEKDAY}(?P<name>{_MONTH})[-\s.]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-\s,]+"
        rf"(?P<year>\d{{4}}){_LATER}",
    )
)
_EITHER = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<sign>[-/.])(?P<two>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d\d){_LATER}",
    _FLAGS,
)
_TIME = re.compile(rf"(?P<hour>\d{{1,2}}){_MINUTE}{_HALF}", _FLAGS)
_NO_DAY = "is no day of the calendar"
_NO_MOMENT = "is no date that can be read; write 2021-03-04 or 2021-03-04T05:06:07Z"
_AMBIGUOUS = "can be read in two ways; say timestamp: {order: day_first} or {order: month_first}"
_SHORT_YEAR = "has a year of two digits; say timestamp: {short_years: true}"


class Evidence(NamedTuple):
    """What texts say about the order in which days and months stand."""

    order: Order | None
    """`year_first` if all can be read in one way; else the order that the texts prove, None where
    they prove none or both."""
    num_moments: int
    """Texts that are moments in some order."""
    num_times: int
    """Texts that are times of day."""
    num_open: int
    """Texts that could be read in two ways."""
    num_short_years: int
    """Texts whose year has two digits."""
    is_mixed: bool = False
    """Whether some prove one order and some the other."""
    example: str = ""
    """The first text that could be read in two ways."""


def read_moment(text: str, order: Order | None, *, short_years: bool) -> int | str:
    """Microseconds since 1970 in UTC, or why a text is no moment.

    Args:
        text: Without blanks around it.
        order: Which stands first where the year stands last; None or `year_first`: not known.
        short_years: Whether years of two digits are read, as 1969 to 2068.

    >>> read_moment("1970-01-02", None, short_years=False)
    86400000000
    >>> read_moment("01/02/1970", None, short_years=False)[:27]
    'can be read in two ways; sa'
    >>> read_moment("01/02/1970", "month_first", short_years=False)
    86400000000
    """
    for form in _FORMS:
        if found := form.fullmatch(text):
            part = found.groupdict()
            named = part.get("name")
            month = _MONTHS[named[:3].casefold()] if named else int(part["month"])
            return _moment((int(part["year"]), month, int(part.get("day") or 1)), part)
    found = _EITHER.fullmatch(text)
    if found is None:
        return _NO_MOMENT
    part = found.groupdict()
    year = int(part["year"])
    if len(part["year"]) == 2:
        if not short_years:
            return _SHORT_YEAR
        year += 1900 if year > 68 else 2000
    proven = _proves(part)
    if proven is None and order not in ("day_first", "month_first"):
        return _AMBIGUOUS
    one, two = int(part["one"]), int(part["two"])
    day, month = (two, one) if (proven or order) == "month_first" else (one, two)
    if order in ("day_first", "month_first") and proven not in (None, order):
        return f"has another order of day and month than the rest, which are {order}"
    return _moment((year, month, day), part)


def read_time(text: str) -> int | str:
    """Microseconds since midnight, or why a text is no time of day.

    >>> read_time("0:00:01.5"), read_time("1:00 pm") // 3_600_000_000
    (1500000, 13)
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return "is no time of day that can be read; write 05:06 or 05:06:07"
    clock = _clock(found.groupdict())
    return "is no time of day" if clock is None else clock


def evidence(texts: Iterable[str]) -> Evidence:
    """What texts without blanks around them say together.

    >>> evidence(["13/04/2021", "03/04/2021"]).order, evidence(["03/04/2021"]).order
    ('day_first', None)
    """
    proven: set[str] = set()
    num_moments = num_times = num_open = num_short = 0
    example = ""
    for text in texts:
        if found := _EITHER.fullmatch(text):
            part = found.groupdict()
            order = _proves(part)
            num_short += len(part["year"]) == 2
            if order is None:
                num_open += 1
                example = example or text
            else:
                proven.add(order)
            num_moments += 1
        elif _TIME.fullmatch(text):
            num_times += 1
        else:
            num_moments += isinstance(read_moment(text, None, short_years=True), int)
    if len(proven) == 1:
        order = "day_first" if "day_first" in proven else "month_first"
    else:
        order = None if proven or num_open else "year_first"
    mixed = len(proven) == 2
    return Evidence(order, num_moments, num_times, num_open, num_short, mixed, example)


def _proves(part: dict[str, str]) -> Order | None:
    """The order of a date whose year stands last, None if it could be either."""
    if part["sign"] == "." or int(part["one"]) > 12:
        return "day_first"
    if int(part["two"]) > 12:
        return "month_first"
    return None


def _moment(day: tuple[int, int, int], part: dict[str, str | None]) -> int | str:
    try:
        days = date(*day).toordinal() - _EPOCH
    except ValueError:  # the form is right, the day is not: 2021-02-30
        return _NO_DAY
    clock = _clock(part) if part.get("hour") else 0
    return "is no time of day" if clock is None else days * _DAY_US + clock - _offset(part)


def _clock(part: dict[str, str | None]) -> int | None:
    """Microseconds since midnight, None if a clock has no such time."""
    hour, minute = int(part["hour"] or 0), int(part.get("minute") or 0)
    second = int(part.get("second") or 0)
    half = (part.get("half") or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((part.get("fraction") or "0").ljust(6, "0")[:6])
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction


def _offset(part: dict[str, str | None]) -> int:
    """Microseconds that the zone is ahead of UTC."""
    zone = (part.get("zone") or "z").casefold()
    if zone in ("z", "utc", "gmt"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[3:].lstrip(":") or 0)
    return (-minutes if zone[0] == "-" else minutes) * 60_000_000
