"""How texts spell days and moments, and in which order day and month stand.

    2024-03-01, 2024/3/1, 2024年3月1日, 2024-03-01T10:00:00Z     year first
    13.02.2024, 2/13/24                                           day or month first
    10:30, 23:59:59                                               times of day

A number above 12 tells which of two numbers is the day; where none does, nothing is guessed here.

Cost: about 1 µs for each different text.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.profile.column import TimeReading
from stoker.data.profile.tally import mask

_CLOCK = r"(?:[T ,]+ *(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
_CLOCK += r" *(?:[AaPp]\.?[Mm]\.?)?(?: *(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?))?)?$"
_YEAR_FIRST = r"^(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?" + _CLOCK
_YEAR_LAST = r"^(?P<first>\d{1,2})[-/.](?P<second_>\d{1,2})[-/.](?P<year>\d{4}|\d{2})" + _CLOCK
_TIME_OF_DAY = r"^(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?: *[AaPp]\.?[Mm]\.?)?$"


def read_moments(value_V: pa.Array, count_V: np.ndarray) -> TimeReading | None:
    """How texts are to be read as moments; None if none of them is one.

    Args:
        value_V: Different texts, blanks around them taken off.
        count_V: Cells of each.

    >>> read_moments(pa.array(["13/02/2024", "1/3/2024"]), np.array([1, 1])).order
    'day_first'
    """
    year_first = _valid_year_first(value_V)
    first, second, last = _year_last(value_V)
    cells = {
        "year_first": int(count_V[year_first].sum()),
        "day_first": int(count_V[last & (second <= 12)].sum()),
        "month_first": int(count_V[last & (first <= 12)].sum()),
    }
    clock = mask(pc.match_substring_regex(value_V, _TIME_OF_DAY))
    if not max(cells.values()):
        return _time_of_day(value_V, count_V, clock)
    order = max(cells, key=lambda name: cells[name])
    is_open = order != "year_first" and cells["day_first"] == cells["month_first"]
    any_order = int(count_V[year_first | last].sum())
    example = int(np.flatnonzero(year_first if order == "year_first" else last)[0])
    return TimeReading(
        order=None if is_open else order,
        cells=cells[order],
        example=value_V[example].as_py(),
        other_orders=any_order - cells[order],
    )


def _time_of_day(value_V: pa.Array, count_V: np.ndarray, clock: np.ndarray) -> TimeReading | None:
    if not clock.any():
        return None
    return TimeReading(
        order="year_first",
        cells=int(count_V[clock].sum()),
        example=value_V[int(np.flatnonzero(clock)[0])].as_py(),
        is_time_of_day=True,
    )


def _valid_year_first(value_V: pa.Array) -> np.ndarray:
    found = pc.extract_regex(value_V, _YEAR_FIRST)
    month, day = _whole(found, "month"), _whole(found, "day")
    return (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)


def _year_last(value_V: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first two numbers of each text, and whether they can be a day and a month."""
    found = pc.extract_regex(value_V, _YEAR_LAST)
    first, second = _whole(found, "first"), _whole(found, "second_")
    least, most = np.minimum(first, second), np.maximum(first, second)
    return first, second, (least >= 1) & (least <= 12) & (most <= 31)


def seconds_of(value_V: pa.Array, reading: TimeReading) -> np.ndarray:
    """Texts as seconds since 1970 (times of day: since midnight), NaN where they are no moment.

    Zones are left out: this is for ranges and histograms only.
    """
    if reading.is_time_of_day:
        found = pc.extract_regex(
            value_V, r"^(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
        )
        clock = _clock(found)
        return np.where(_whole(found, "hour") < 0, np.nan, clock)
    is_year_first = reading.order == "year_first"
    found = pc.extract_regex(value_V, _YEAR_FIRST if is_year_first else _YEAR_LAST)
    names = ("month", "day") if is_year_first else ("second_", "first")
    if reading.order == "month_first":
        names = ("first", "second_")
    year, month, day = (_whole(found, name) for name in ("year", *names))
    year = np.where((year >= 0) & (year < 100), year + np.where(year < 69, 2000, 1900), year)
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = (np.where(sound, year, 1970) - 1970) * 12 + np.where(sound, month, 1) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return np.where(sound, days * 86_400.0 + _clock(found), np.nan)


def _clock(found: pa.Array) -> np.ndarray:
    hour, minute, second = (_whole(found, name).clip(0) for name in ("hour", "minute", "second"))
    return hour * 3600.0 + minute * 60.0 + second


def _whole(found: pa.Array, name: str) -> np.ndarray:
    """A group of digits as whole numbers, -1 where there is none."""
    texts = pc.struct_field(found, name)
    given = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    return pc.fill_null(pc.cast(given, pa.int64()), -1).to_numpy(zero_copy_only=False)
