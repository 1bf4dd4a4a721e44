"""Find what ties rows together: they follow each other in time, or several belong to one unit.

A random split of such rows is kinder than the future: the model has seen the day before and the day
after, or other visits of the same patient.  Nothing is decided here, because only the user knows
what the model will be asked; the recipe that `init` writes has the line, and a run says it once.

Few columns are meant, so that a warning keeps its weight.  Time: days or moments that rise or fall
with the rows.  Units: a name such as `patient_id` or 客户编号, or whole numbers that lie far apart
and yet repeat, as numbers that were given out do.

Cost: microseconds.
"""

from __future__ import annotations

import re
from typing import Literal

from stoker.core.value import Value
from stoker.data.profile.column import ColumnProfile, NumberFacts, Profile

_FEWEST_ROWS = 50
_FEWEST_MOMENTS, _FEWEST_UNITS = 10, 20
_SHARES = (0.02, 0.9)
"""Units to rows of a column with the name of one: fewer are rather groups, more hardly repeat."""
_SHARES_UNNAMED = (0.05, 0.6)
_FEWEST_DIGITS = 4
_MOST_NEIGHBOURS = 0.1
_MOST_ROWS_OF_ONE = 0.05
_MOST_SAME_DIGIT = 0.4
_LARGEST_GIVEN = 2**53

_PEOPLE = (
    "patient|customer|client|subject|participant|respondent|user|person|member|employee|student|"
    "pupil|household|donor|account|device|kunde|patienti?n|proband|klient|mitarbeiter|haushalt"
)
_IDENTIFIER = re.compile(
    rf"(?i:(?<![a-z])(?:id|ids|uuid|guid|nr)\.?$|(?:{_PEOPLE})[ _-]?(?:number|num|no|code)\.?$)"
    r"|[a-z](?:ID|Id|Nr)$|(?i:nummer|kennung)$|(?<![信型])号$|号码$|编号"
)
_UNIT = re.compile(rf"(?i:(?:{_PEOPLE})(?:en|in)?|客户|顾客|用户|患者|病人|病历)")


class Relation(Value):
    """What ties rows together, and the key that divides them accordingly."""

    key: Literal["time", "group"]
    column: str
    why: str
    """One sentence for the user."""


def relations(profile: Profile, target: str) -> tuple[Relation, ...]:
    """At most one relation in time and one of units.

    Args:
        profile: What was counted.
        target: Name of the target column, which ties nothing.
    """
    columns = [one for one in profile.columns if one.name != target and not one.is_media]
    return (*_in_time(columns), *_of_units(columns))


def is_identifier(column: ColumnProfile) -> bool:
    """Whether whole numbers have the name of what tells people or things apart: `patient_id`.

    Args:
        column: What was counted.
    """
    numbers = column.numbers
    if numbers is None or not numbers.is_whole or numbers.low < 0 or numbers.is_time:
        return False
    is_unit = _UNIT.fullmatch(column.name.strip()) and column.distinct >= _FEWEST_UNITS
    return bool(is_unit or _IDENTIFIER.search(column.name))


def _in_time(columns: list[ColumnProfile]) -> list[Relation]:
    found = next((one for one in columns if _orders_rows(one)), None)
    if found is None:
        return []
    why = (
        f"rows follow each other in time by {found.name!r}, and a random split is kinder than the "
        "future"
    )
    return [Relation(key="time", column=found.name, why=why)]


def _orders_rows(column: ColumnProfile) -> bool:
    """Whether days or moments rise or fall with the rows."""
    numbers, texts = column.numbers, column.texts
    if numbers is None or not numbers.is_time or column.order not in ("rising", "falling"):
        return False
    is_clock = texts is not None and texts.time is not None and texts.time.is_time_of_day
    if is_clock or column.stored.startswith(("time32", "time64")):
        return False
    return (
        column.rows >= _FEWEST_ROWS
        and column.distinct >= _FEWEST_MOMENTS
        and 2 * column.present > column.rows
    )


def _of_units(columns: list[ColumnProfile]) -> list[Relation]:
    """The named unit with most rows each, or else numbers that look given out."""
    named = [one for one in columns if _repeats(one, _SHARES) and _has_name(one)]
    given = [one for one in columns if _repeats(one, _SHARES_UNNAMED) and _is_given_out(one)]
    found = min(named, key=lambda one: (not _is_unit(one), one.distinct), default=None)
    found = found or next(iter(given), None)
    if found is None:
        return []
    why = (
        f"several rows share {found.name!r} ({found.distinct:,} different in {found.present:,} "
        "rows), and a random split is kinder than new ones"
    )
    return [Relation(key="group", column=found.name, why=why)]


def _repeats(column: ColumnProfile, shares: tuple[float, float]) -> bool:
    least, most = shares
    return (
        column.present >= _FEWEST_ROWS
        and column.distinct >= _FEWEST_UNITS
        and least * column.present <= column.distinct <= most * column.present
    )


def _has_name(column: ColumnProfile) -> bool:
    if column.numbers is not None:
        return is_identifier(column)
    return column.texts is not None and bool(
        _UNIT.fullmatch(column.name.strip()) or _IDENTIFIER.search(column.name)
    )


def _is_unit(column: ColumnProfile) -> bool:
    return bool(_UNIT.match(column.name.strip()))


def _is_given_out(column: ColumnProfile) -> bool:
    """Whether whole numbers lie far apart and repeat all the same, none of them often or round.

    What is measured repeats where it is dense; the last digits of prices and salaries are few.
    """
    numbers = column.numbers
    if numbers is None or numbers.is_time or not numbers.is_whole or numbers.low <= 0:
        return False
    digits = len(f"{numbers.low:.0f}")
    same_length = digits >= _FEWEST_DIGITS and digits == len(f"{numbers.high:.0f}")
    if not same_length or numbers.high > _LARGEST_GIVEN or _is_dense(numbers):
        return False
    ends = [text.strip()[-1:] for text, _ in column.frequent]
    most = max(ends.count(end) for end in ends)
    rare = column.frequent[0][1] <= max(10, _MOST_ROWS_OF_ONE * column.present)
    return rare and most <= _MOST_SAME_DIGIT * len(ends)


def _is_dense(numbers: NumberFacts) -> bool:
    """Whether neighbours occur about as often as values do, as measured ones and years have."""
    return numbers.steps_of_one > _MOST_NEIGHBOURS * numbers.distinct
