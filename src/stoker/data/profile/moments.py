"""How texts spell days and moments, and in which order day and month stand.

They are read by the feature that will read them, over all different texts of the column.  A number
above 12 tells which of two numbers is the day; where none does, nothing is guessed here.

Cost: 3 µs for each different text.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pyarrow as pa

from stoker.cells.moment_text import Evidence, Order
from stoker.cells.moments import MomentCells, moment_forms
from stoker.data.profile.column import TimeReading
from stoker.data.profile.spelling import commonest

_ORDERS: tuple[Order, Order] = ("day_first", "month_first")


def read_moments(value_V: pa.Array, count_V: np.ndarray) -> TimeReading | None:
    """How texts are to be read as moments; None if hardly one of them is one.

    Args:
        value_V: Different texts, blanks around them taken off.
        count_V: Cells of each.

    >>> read_moments(pa.array(["13/02/2024", "1/3/2024"]), np.array([1, 1])).order
    'day_first'
    """
    found = moment_forms(value_V)
    if 2 * max(found.num_moments, found.num_times) < len(value_V):
        return None
    is_clock = found.num_times > found.num_moments
    order = None if is_clock else _order(found, value_V, count_V)
    reading = TimeReading(
        order=order,
        cells=0,
        example=found.example,
        short_years=found.num_short_years > 0,
        is_time_of_day=is_clock,
    )
    known_V = ~np.isnan(seconds_of(value_V, reading))
    if not known_V.any():
        return None
    cells, odd_V = int(count_V[known_V].sum()), np.flatnonzero(~known_V)
    example = value_V[int(np.flatnonzero(known_V)[0])].as_py()
    return reading.model_copy(
        update={
            "cells": cells,
            "example": found.example or example,
            "odd": commonest(value_V, count_V, odd_V),
            "num_odd": len(odd_V),
        }
    )


def _order(found: Evidence, value_V: pa.Array, count_V: np.ndarray) -> str | None:
    """The order that is proven, that of most cells where both are, None where none is."""
    if found.order is not None or not found.is_mixed:
        return found.order
    cells = [count_V[~np.isnat(_read(value_V, order, found))].sum() for order in _ORDERS]
    return _ORDERS[int(np.argmax(cells))]


def _read(value_V: pa.Array, order: Order | None, found: Evidence) -> np.ndarray:
    cells = MomentCells(short_years=found.num_short_years > 0)
    return cells.read(value_V, order=order).moment_N


def seconds_of(value_V: pa.Array, reading: TimeReading) -> np.ndarray:
    """Texts as seconds since 1970 (times of day: since midnight), NaN where they are no moment.

    Args:
        value_V: Different texts.
        reading: How they are written; an open order is taken as day first.
    """
    order = cast(Order, reading.order or "day_first")
    kind = "time" if reading.is_time_of_day else "moment"
    cells = MomentCells(short_years=reading.short_years)
    moment_N = cells.read(value_V, kind=kind, order=order).moment_N
    seconds_N = moment_N.astype(np.int64) / 1e6
    return np.where(np.isnat(moment_N), np.nan, seconds_N)
