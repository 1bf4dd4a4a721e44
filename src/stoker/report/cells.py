"""Cells of any Arrow type as JSON can say them and a report can show them.

Finite numbers, truth values and texts stay what they are.  Everything else becomes text: `nan` and
`inf`, dates, moments (with their zone and all their digits), decimals, lists, bytes.  Arrow writes
the text and not Python, whose dates end with the year 9999 and know no nanoseconds.

Cost: one pass over the column; meant for some rows, not for a table.
"""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.raw import shorten

Cell = str | float | int | bool | None


def plain_cells(column: pa.ChunkedArray | pa.Array) -> list[Cell]:
    """The cells of a column as text, finite numbers, truth values or None.

    >>> plain_cells(pa.array([1.5, float("nan"), None]))
    [1.5, 'nan', None]
    >>> plain_cells(pa.array([1], pa.timestamp("ns", "UTC")))
    ['1970-01-01 00:00:00.000000001Z']
    """
    if pa.types.is_temporal(column.type):
        column = _moments_as_text(column)
    return [_plain(cell) for cell in column]


def _moments_as_text(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowNotImplementedError:  # an interval of months, days and nanoseconds
        return column
    except pa.ArrowInvalid:  # this machine does not know the zone
        return pc.cast(column.cast(pa.timestamp(column.type.unit, "UTC")), pa.string())


def _plain(cell: pa.Scalar) -> Cell:
    try:
        value = cell.as_py()
    except (ValueError, OverflowError):  # moments inside a list, of which Python has no such value
        return f"a cell of type {cell.type}"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return shorten(value)
    return value if isinstance(value, str | int | bool | None) else str(value)
