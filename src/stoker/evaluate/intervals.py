"""Intervals of scores, and of differences between scores, from their draws.

The percentile interval of few rows is too narrow: its ends are moved outwards as Student's t lies
outside the normal distribution, and sideways by how many draws lie below the value and by skewness.
The ends of a difference are moved outwards alone: both sides are drawn alike, so what drawing a row
twice does to the one it does to the other.

Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 14; t:
Hesterberg 2015, "What Teachers Should Know About the Bootstrap",
https://doi.org/10.1080/00031305.2015.1089789
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

Interval = tuple[float, float]

_TAILS = (0.025, 0.975)
_NORMAL = NormalDist()
_FEWEST_DECIDING = 5


def normal_interval(value: float, value_R: np.ndarray) -> Interval | None:
    """The 95 % interval of a value whose draws are normal, None as `interval` has it.

    >>> low, high = normal_interval(5.0, np.array([4.0, 6.0]))
    >>> round(low, 2), round(high, 2)
    (3.04, 6.96)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    half = _NORMAL.inv_cdf(_TAILS[1]) * float(defined.std())
    return value - half, value + half


def interval(value_R: np.ndarray) -> Interval | None:
    """The 95 % percentile interval, or None if the metric is undefined in half of the draws.

    >>> interval(np.arange(1001.0))
    (25.0, 975.0)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    low, high = np.quantile(defined, _TAILS)
    return float(low), float(high)


def corrected_interval(
    value: float, value_R: np.ndarray, deciding_rows: float, acceleration: float = 0.0
) -> Interval | None:
    """The 95 % interval with its ends moved outwards for few rows and sideways for bias.

    Args:
        value: The score itself.
        value_R: The score of each draw.
        deciding_rows: About how many rows decide it.
        acceleration: How fast its error grows with the value.

    >>> low, high = corrected_interval(500.0, np.arange(1001.0), 1e9)
    >>> round(low), round(high)
    (25, 975)
    """
    defined = value_R[~np.isnan(value_R)]
    if 2 * len(defined) <= len(value_R):
        return None
    is_tie = np.isclose(defined, value, rtol=1e-10, atol=0.0)
    if is_tie.all():
        return value, value
    below = float(((defined < value) & ~is_tie).mean() + is_tie.mean() / 2)
    edge = 0.5 / len(defined)
    shift = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    reach = _students_t(max(deciding_rows, _FEWEST_DECIDING) - 1)
    tails = [_NORMAL.cdf(_moved(shift, point, acceleration)) for point in (-reach, reach)]
    low, high = np.quantile(defined, tails)
    return float(low), float(high)


def wider_interval(value: float, value_R: np.ndarray, deciding_rows: float) -> Interval | None:
    """The 95 % percentile interval of a difference with its ends moved outwards for few rows.

    Draws of n rows scatter by n - 1 parts of n of what new rows would, and that is known no better
    than n rows tell.

    Args:
        value: The difference itself.
        value_R: The difference of each draw.
        deciding_rows: About how many rows decide it.

    >>> [round(end) for end in wider_interval(500.0, np.arange(1001.0), 1e9)]
    [25, 975]
    >>> [round(end) for end in wider_interval(500.0, np.arange(1001.0), 8)]
    [-112, 1112]
    """
    found = interval(value_R)
    if found is None:
        return None
    rows = max(deciding_rows, _FEWEST_DECIDING)
    by = _students_t(rows - 1) / _NORMAL.inv_cdf(_TAILS[1]) * math.sqrt(rows / (rows - 1))
    low, high = (value + by * (end - value) for end in found)
    return low, high


def _moved(shift: float, point: float, acceleration: float) -> float:
    """Where the end of an interval goes (Efron 1987, https://doi.org/10.2307/2289144)."""
    stretch = 1 - acceleration * (shift + point)
    return shift + (shift + point) / max(stretch, 0.2)


def _students_t(freedom: float) -> float:
    """The point that Student's t exceeds in 2.5 % of cases, for 4 degrees of freedom or more.

    >>> [round(_students_t(n), 2) for n in (4, 10, 1000)]
    [2.77, 2.23, 1.96]
    """
    z = _NORMAL.inv_cdf(_TAILS[1])
    terms = (
        (z**3 + z) / (4 * freedom),
        (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2),
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3),
    )
    return z + sum(terms)
