"""Parts of the calendar of moments, as float64.

Source: proleptic Gregorian calendar, as numpy's datetime64 counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

Part = Literal["days", "year", "month", "day", "weekday", "day_of_year", "hour", "minute"]
PARTS: tuple[Part, ...] = get_args(Part)
"""Parts that a moment may have, in order: days since the first training moment, with their
fraction; the year; the month from 1; the day of the month; the weekday from 0, Monday; the day of
the year from 1; the hour with its fraction; the minute."""

PERIODS: dict[Part, float] = {"month": 12.0, "weekday": 7.0, "day_of_year": 365.25, "hour": 24.0}
"""After how many units a part begins anew, of those where that matters."""

_DAY_US = 86_400_000_000
_FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


def calendar_parts(moment_N: np.ndarray, parts: Sequence[Part], first: np.datetime64) -> np.ndarray:
    """The parts of moments, NaN where there is none.

    Args:
        moment_N: datetime64[us].
        parts: Names of `PARTS`.
        first: What days are counted from.

    Returns:
        float64 (N, P).

    >>> moment = np.array(["2021-03-04T18:30", "NaT"], "M8[us]")
    >>> calendar_parts(moment, ["year", "month", "weekday", "hour"], moment[0]).tolist()
    [[2021.0, 3.0, 3.0, 18.5], [nan, nan, nan, nan]]
    """
    value_NP = np.full((len(moment_N), len(parts)), np.nan)
    known_N = ~np.isnat(moment_N)
    known = moment_N[known_N]
    day = known.astype("M8[D]")
    for position, part in enumerate(parts):
        value_NP[known_N, position] = _part(part, known, day, first)
    return value_NP


def _part(part: Part, moment_N: np.ndarray, day_N: np.ndarray, first: np.datetime64) -> np.ndarray:
    if part == "days":
        return (moment_N - first).astype(np.int64) / _DAY_US
    if part == "year":
        return day_N.astype("M8[Y]").astype(np.int64) + 1970
    if part == "month":
        return day_N.astype("M8[M]").astype(np.int64) % 12 + 1
    if part == "day":
        return (day_N - day_N.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    if part == "weekday":
        return (day_N.astype(np.int64) + _FIRST_WEEKDAY) % 7
    if part == "day_of_year":
        return (day_N - day_N.astype("M8[Y]").astype("M8[D]")).astype(np.int64) + 1
    hour_N = (moment_N - day_N).astype(np.int64) / (_DAY_US / 24)
    return hour_N if part == "hour" else np.floor(hour_N * 60 + 1e-9) % 60
