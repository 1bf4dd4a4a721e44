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

from stoker.cells.raw import cell_text, said_by_arrow, shorten

Cell = str | float | int | bool | None


def plain_cells(column: pa.ChunkedArray | pa.Array) -> list[Cell]:
    """The cells of a column as text, finite numbers, truth values or None.

    >>> plain_cells(pa.array([1.5, float("nan"), None]))
    [1.5, 'nan', None]
    >>> plain_cells(pa.array([1], pa.timestamp("ns", "UTC")))
    ['1970-01-01 00:00:00.000000001Z']
    """
    said = _moments_as_text(column)
    return [_plain(cell) for cell in said]


def _moments_as_text(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    try:
        return said_by_arrow(column)
    except pa.ArrowNotImplementedError:  # of a kind of list that Arrow converts to no other
        return column
    except pa.ArrowInvalid:  # this machine does not know the zone
        if not pa.types.is_timestamp(column.type):
            return column
        return pc.cast(column.cast(pa.timestamp(column.type.unit, "UTC")), pa.string())


def _plain(cell: pa.Scalar) -> Cell:
    try:
        value = cell.as_py()
    except (ValueError, OverflowError):  # a time span in nanoseconds, or moments inside of a list
        return cell_text(pa.array([cell], cell.type), 0)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return shorten(value)
    return value if isinstance(value, str | int | bool | None) else str(value)
