"""Values that stand for "nothing is known": repeated exactly, and apart from all others.

`-999` among temperatures, 9999 among scores and 1 January 1900 among birthdays are no measurements,
and a model that takes them for some learns a wrong slope.  Nothing is decided here, because 0 may
be a true amount; the user is told once, with what to write.

Only the ends of a column are looked at.  What programs and people write for it (nines, -1, the
first and the last day of calendars) is told where it lies farther from the rest than the rest
spreads; 0 twice as far; any other number ten times as far and only where it is frequent.  A lone
negative number such as -1 needs no distance where all else is positive.

Cost: microseconds; the quantiles of a column once more where its ends are suspicious.
"""

from __future__ import annotations

import re
from itertools import product

import numpy as np

from stoker.data.profile.numbers import WeightedValues

_FEWEST_CELLS = 3
_FEWEST_FREQUENT = 5
_LEAST_SHARE = 0.01
_FEWEST_OTHERS = 5
_FEWEST_VARIED = 20
"""Different values from zero on, beside which a lone negative one is no score."""
_MOST_AT_AN_END = 2
_ANY_NUMBER, _ZERO, _USUAL = 10.0, 2.0, 1.0
"""How many times as far as the rest spreads each lies from it."""
_MOST_FREQUENT = 5.0
"""How many times as frequent as any other a usual day is that does not lie far."""
_NINES = re.compile(r"-?(?:9+[789]|9{2,}\.9+)")
_BELOW_ZERO = re.compile(r"-(?:1|9|8|9+[789])")
_DAYS = np.array(
    [
        *("0001-01-01", "1000-01-01", "1582-10-15", "1753-01-01", "1899-12-30", "1899-12-31"),
        *("1900-01-01", "1900-01-02", "1970-01-01", "2099-12-31", "2100-01-01", "2999-12-31"),
        *("9999-01-01", "9999-12-30", "9999-12-31"),
    ],
    "M8[s]",
).astype(np.int64)
"""First and last days of calendars and programs, in seconds since 1970."""
_DAY_S = 86_400


def far_values(found: WeightedValues, *, is_day: bool = False) -> np.ndarray:
    """The values that may mean that nothing is known, in rising order; mostly none.

    Args:
        found: Different numbers with their cells, or moments as seconds since 1970.
        is_day: Whether they are moments.

    >>> far_values(WeightedValues(np.array([-999.0, *range(17, 25)]), np.array([9] * 9)))
    array([-999.])
    >>> far_values(WeightedValues(np.arange(9.0), np.array([99, *range(8)])))
    array([], dtype=float64)
    """
    if len(found.value_V) <= _FEWEST_OTHERS:
        return np.zeros(0)
    value_V = found.value_V.astype(np.float64)
    taken = range(_MOST_AT_AN_END, -1, -1)
    ends = sorted(product(taken, taken), key=sum, reverse=True)[:-1]
    for below, above in ends:
        if _are_apart(value_V, found.count_V, (below, above), is_day=is_day):
            return np.concatenate([value_V[:below], value_V[len(value_V) - above :]])
    return np.zeros(0)


def _are_apart(
    value_V: np.ndarray, count_V: np.ndarray, ends: tuple[int, int], *, is_day: bool
) -> bool:
    """Whether so many values at both ends are all apart from the ones between them."""
    below, above = ends
    last = len(value_V) - above
    rest_V = value_V[below:last]
    if len(rest_V) < _FEWEST_OTHERS:
        return False
    at = [*range(below), *range(last, len(value_V))]
    if count_V[at].min() < _FEWEST_CELLS:
        return False
    needed = [_needed(float(value_V[i]), is_day=is_day) for i in at]
    if len(at) > 1 and _ANY_NUMBER in needed:
        return False
    rest = WeightedValues(rest_V, count_V[below:last])
    spread = _spread(rest)
    gaps = [float(rest_V[0] - value_V[i] if i < below else value_V[i] - rest_V[-1]) for i in at]
    return all(
        _is_far(times, gap / spread, count_V[i], rest)
        or _is_alone(float(value_V[i]), count_V[i], rest, is_day=is_day)
        for i, times, gap in zip(at, needed, gaps, strict=True)
    )


def _spread(rest: WeightedValues) -> float:
    """How wide the rest is; where a few lie far out, five times as wide as nearly all of it."""
    quantiles = rest.quantiles()
    middle = quantiles["0.99"] - quantiles["0.01"]
    whole = float(rest.value_V[-1] - rest.value_V[0])
    return min(whole, 5 * middle) or whole


def _needed(value: float, *, is_day: bool) -> float:
    """How many times as far as the rest spreads a value has to lie from it."""
    if is_day:
        return _USUAL if _is_usual_day(value) else _ANY_NUMBER
    if value == 0:
        return _ZERO
    text = f"{value:.15g}"
    return _USUAL if _NINES.fullmatch(text) or _BELOW_ZERO.fullmatch(text) else _ANY_NUMBER


def _is_usual_day(value: float) -> bool:
    return value // _DAY_S * _DAY_S in _DAYS


def _is_far(needed: float, times: float, cells: int, rest: WeightedValues) -> bool:
    is_frequent = cells >= max(_FEWEST_FREQUENT, _LEAST_SHARE * (rest.cells + cells))
    return times > needed and (needed == _USUAL or is_frequent)


def _is_alone(value: float, cells: int, rest: WeightedValues, *, is_day: bool) -> bool:
    """Whether a usual value is told from the rest by more than its distance."""
    if is_day:
        return _is_usual_day(value) and bool(cells >= _MOST_FREQUENT * rest.count_V.max())
    is_frequent = cells >= max(_FEWEST_FREQUENT, _LEAST_SHARE * (rest.cells + cells))
    is_negative = bool(_BELOW_ZERO.fullmatch(f"{value:.15g}"))
    lowest = float(rest.value_V[0])
    is_varied = lowest >= 1 or (lowest >= 0 and len(rest.value_V) >= _FEWEST_VARIED)
    return is_negative and is_frequent and is_varied
