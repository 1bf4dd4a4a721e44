"""Find numbers far from the others, and clip them, drop their training rows, or count them.

The bounds are those of Tukey's box plot (quartiles -/+ k times their distance) or mean -/+ k
standard deviations, of training rows only.  Where the middle half of a column is one value (many
zeros, some amounts) the quartiles do not tell what is far, and the column is left alone with a
warning; a constant column likewise.

`clip` moves a number to the nearest bound, in training and in serving; `drop` leaves training rows
out and serves a far number as it is; `flag` changes nothing and adds no column: far numbers are
only counted in the report, so that the bounds can be judged before anything is done to the data.

Source: Tukey 1977, Exploratory Data Analysis; k = 1.5 calls about 0.7 % of normal data far,
k = 3 deviations about 0.3 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.numbers import NumberCells, plain_cells, replace_numbers
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.core.value import Value
from stoker.data.clean import CleanerState, FittedCleaner
from stoker.features import Feature
from stoker.features.number import Number, mean_and_std


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


_USUAL_K = {"iqr": 1.5, "zscore": 3.0}


class Outliers(FittedCleaner):
    """Clip, drop or count numbers far from the others."""

    method: Literal["iqr", "zscore"] = "iqr"
    """`iqr`: quartiles and the distance between them; `zscore`: mean and standard deviation."""

    k: Annotated[float, Field(gt=0)] | None = None
    """How many times that distance is too far; absent: 1.5 for `iqr`, 3 for `zscore`."""

    action: Literal["clip", "drop", "flag"] = "clip"
    """What happens to a cell that is too far: `clip` moves it to the nearest bound, in training and
    in serving; `drop` leaves its training row out; `flag` changes nothing and adds no input, far
    cells are only counted in the report."""

    columns: tuple[str, ...] | None = None
    """Columns to look at; absent: all columns of numbers."""

    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> FittedOutliers:
        """Learn the bounds.

        Raises:
            RecipeError: If a named column is not an input of numbers.
        """
        numbers = {n: f for n, f in features.items() if isinstance(f, Number)}
        for name in self.columns or ():
            if name not in numbers:
                raise RecipeError(
                    f"outliers: {name!r} is not an input column of numbers",
                    expected=f"one of {', '.join(numbers)}",
                )
        bounds = {}
        for name in self.columns or numbers:
            cells = plain_cells(numbers[name])
            value_N = cells.read(rows[name]).value_N
            found = self._bounds(value_N[~np.isnan(value_N)])
            if found is None:
                events.warning(f"outliers: {name!r} is left alone, because its {self._spread} is 0")
                continue
            bounds[name] = Bounds(cells=cells, low=found[0], high=found[1])
        return FittedOutliers(bounds=bounds, action=self.action)

    @property
    def _spread(self) -> str:
        return "interquartile distance" if self.method == "iqr" else "standard deviation"

    def _bounds(self, value_N: np.ndarray) -> tuple[float, float] | None:
        """Lowest and highest number that is not far, None where the numbers do not spread."""
        if not len(value_N):
            return None
        k = self.k or _USUAL_K[self.method]
        if self.method == "zscore":
            middle, spread = mean_and_std(value_N)
            low, high = middle - k * spread, middle + k * spread
        else:
            first, third = (float(q) for q in np.quantile(value_N, (0.25, 0.75)))
            spread = third - first
            low, high = first - k * spread, third + k * spread
        return (low, high) if spread > 0 and np.isfinite([low, high]).all() else None
