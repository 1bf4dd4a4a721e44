"""Durations as a clock shows them, longer than a day too: `37:15:00`, `1 day, 2:03:04`, `59:30`.

Three parts are hours, minutes and seconds.  Two may be hours and minutes or minutes and seconds,
which only the recipe knows.  A number alone, or one with `s` behind it, is seconds.

What stays below 24 hours in every cell is a time of day, and no matter of this module.

Cost: one regular expression a cell in Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DURATION = (
    r"^(?:(?P<days>[+-]?\d+)\s*(?:days?|d|Tage?|天),?\s*)?(?P<sign>[+-])?"
    r"(?P<first>\d+):(?P<second>[0-5]\d)(?::(?P<third>[0-5]\d))?(?P<fraction>[.,]\d+)?$"
)
_SECONDS = r"^(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*s?$"
_IN_PYTHON = re.compile(_DURATION)
_HOURS_OF_A_DAY = 24
_MINUTES_OF_AN_HOUR = 60
_DAY_S, _HOUR_S, _MINUTE_S = 86_400.0, 3_600.0, 60.0
_LEAST_BEYOND = 0.02
"""Share of cells beyond 24 hours; fewer are slips among times of day."""


def clock_texts(cells: pa.Array, first: str) -> pa.Array:
    """Durations as texts of their seconds, `"inf"` for what is none.

    Args:
        cells: Texts with narrow digits and without blanks around them; nulls stay.
        first: What the first of two parts is, `hours` or `minutes`.

    >>> clock_texts(pa.array(["37:15:00", "1 day, 0:00:01.5", "90 s", "x"]), "hours").to_pylist()
    ['134100', '86401.5', '90', 'inf']
    >>> [clock_texts(pa.array(["59:30"]), first)[0].as_py() for first in ("hours", "minutes")]
    ['214200', '3570']
    """
    found, plain = pc.extract_regex(cells, _DURATION), pc.extract_regex(cells, _SECONDS)
    days_N, one_N, two_N, three_N = (
        _part(found, name) for name in ("days", "first", "second", "third")
    )
    has_three_N = _is_there(found, "third")
    fraction_N = _part(found, "fraction", lead="0")
    is_short_N = ~has_three_N & (first == "minutes")
    scale_N = np.where(is_short_N, 1 / _MINUTE_S, 1.0)
    seconds_N = (_HOUR_S * one_N + _MINUTE_S * two_N) * scale_N + three_N + fraction_N
    is_minus_N = pc.fill_null(pc.equal(pc.struct_field(found, "sign"), "-"), False)
    seconds_N *= np.where(is_minus_N.to_numpy(zero_copy_only=False), -1.0, 1.0)
    seconds_N += days_N * _DAY_S
    is_one_N = found.is_valid().to_numpy(zero_copy_only=False)
    is_one_N &= ~(_is_there(found, "fraction") & ~has_three_N & (first != "minutes"))
    texts = pc.if_else(pa.array(is_one_N), _texts(seconds_N), pc.struct_field(plain, "number"))
    texts = pc.fill_null(texts, "inf")
    return pc.if_else(cells.is_valid(), texts, pa.scalar(None, pa.string()))


def _part(found: pa.Array, name: str, *, lead: str = "") -> np.ndarray:
    """A part as a number, 0 where there is none.

    Args:
        found: What was matched.
        name: Of the part.
        lead: What stands before it to make it a number.
    """
    texts = pc.replace_substring(pc.fill_null(pc.struct_field(found, name), ""), ",", ".")
    texts = pc.if_else(pc.equal(texts, ""), "0", texts)
    texts = pc.utf8_ltrim(texts, "+")
    joined = pc.binary_join_element_wise(lead, texts, "") if lead else texts
    return pc.cast(joined, pa.float64()).to_numpy(zero_copy_only=False)


def _is_there(found: pa.Array, name: str) -> np.ndarray:
    texts = pc.fill_null(pc.struct_field(found, name), "")
    return pc.not_equal(texts, "").to_numpy(zero_copy_only=False)


def _texts(seconds_N: np.ndarray) -> pa.Array:
    return pa.array([f"{seconds:.15g}" for seconds in seconds_N.tolist()], pa.string())


def clock_form(texts: Sequence[str], count_V: np.ndarray) -> str | None:
    """What the first of two parts is in durations beyond a day; None: they are no such.

    Args:
        texts: Different texts without blanks around them, none missing.
        count_V: Cells of each.

    Returns:
        `hours` or `minutes`, empty where nothing tells.

    >>> [clock_form(each, np.ones(2)) for each in (["37:15:00", "0:40:10"], ["8:30:00", "0:40:10"])]
    ['hours', None]
    >>> [clock_form(each, np.ones(2)) for each in (["59:30", "1:02:15"], ["37:15", "8:40"])]
    ['minutes', '']
    """
    found = [_IN_PYTHON.fullmatch(text) for text in texts]
    hours = [int(one["first"]) if one else 0 for one in found]
    has_three_V = np.array([bool(one and one["third"]) for one in found], bool)
    has_days_V = np.array([bool(one and one["days"]) for one in found], bool)
    is_beyond_V = (np.array(hours, np.float64) >= _HOURS_OF_A_DAY) | has_days_V
    if not count_V[is_beyond_V].sum() >= max(1, _LEAST_BEYOND * count_V.sum()):
        return None
    two = [hour for hour, one in zip(hours, found, strict=True) if one and not one["third"]]
    if not two:
        return "hours"
    if not has_three_V.any():
        return ""
    return "minutes" if max(two) < _MINUTES_OF_AN_HOUR else "hours"
