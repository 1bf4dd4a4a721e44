"""What the `outliers` cleaner learned: bounds for each column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pyarrow as pa

from stoker.cells.numbers import NumberCells, replace_numbers
from stoker.core.value import Value
from stoker.data.clean import CleanerState


class Bounds(Value):
    """What is not far in one column."""

    cells: NumberCells
    """How its numbers are written."""
    low: float
    """Lowest number that is not far."""
    high: float
    """Highest number that is not far."""


class FittedOutliers(CleanerState):
    """Clips, drops or counts numbers outside the bounds."""

    bounds: dict[str, Bounds]
    """Bounds of the columns that are looked at."""
    action: Literal["clip", "drop", "flag"]
    """What happens to a cell outside."""

    def apply(self, rows: pa.Table) -> pa.Table:
        """The rows with far numbers moved to the nearest bound, if that is the action.

        >>> small = Bounds(cells=NumberCells(), low=0, high=9)
        >>> state = FittedOutliers(bounds={"age": small}, action="clip")
        >>> state.apply(pa.table({"age": [5, 50]})).column("age").to_pylist()
        [5.0, 9.0]
        """
        if self.action != "clip":
            return rows
        for name, below_N, above_N in self._far(rows):
            bound, position = self.bounds[name], rows.column_names.index(name)
            for far_N, limit in ((below_N, bound.low), (above_N, bound.high)):
                clipped = replace_numbers(rows[name], far_N, limit, bound.cells)
                rows = rows.set_column(position, name, clipped)
        return rows

    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """Far numbers of each column."""
        return {name: below_N | above_N for name, below_N, above_N in self._far(rows)}

    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        """Training rows with a far number, if they are to be dropped; each for its first column."""
        gone: dict[int, tuple[int, str, str, str]] = {}
        for name, below_N, above_N in self._far(rows) if self.action == "drop" else ():
            bound = self.bounds[name]
            reason = f"is an outlier, outside {bound.low:g} to {bound.high:g}"
            for index in np.flatnonzero(below_N | above_N):
                found = str(rows[name][int(index)].as_py())
                gone.setdefault(int(index), (int(index), name, found, reason))
        return [gone[index] for index in sorted(gone)]

    def _far(self, rows: pa.Table) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Column, cells below and cells above the bounds, for each column of `rows` with bounds."""
        for name, bound in self.bounds.items():
            if name in rows.column_names:
                value_N = bound.cells.read(rows[name]).value_N
                yield name, value_N < bound.low, value_N > bound.high
