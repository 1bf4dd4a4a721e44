"""A number feature that has seen the training part."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.features import BadCell, FittedFeature, Transformed
from stoker.features._numbers import NumberCells

_LARGEST = float(np.finfo(np.float32).max)


class FittedNumber(NumberCells, FittedFeature):
    """Turns cells into (x - mean) / std."""

    mean: float
    """Mean of the training cells."""
    std: Annotated[float, Field(gt=0)]
    """Their population standard deviation; 1 for a constant column."""
    low: float
    """Smallest training cell."""
    high: float
    """Largest training cell."""
    had_missing: bool
    """Whether a training cell was missing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One number a row."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Standardised numbers as float32, NaN for missing; computed in float64.

        >>> halves = FittedNumber(mean=1, std=2, low=0, high=4, had_missing=False)
        >>> halves.transform(pa.array([5, None])).values
        array([ 2., nan], dtype=float32)
        """
        read = self.read(column)
        with np.errstate(over="ignore"):
            value_N = (read.value_N - self.mean) / self.std
        far_N = np.abs(value_N) > _LARGEST
        bad = (*read.bad, *(self._far(int(i), read.value_N[i]) for i in np.flatnonzero(far_N)))
        bad = tuple(sorted(bad, key=lambda cell: cell.index))
        value_N[[cell.index for cell in bad]] = 0
        return Transformed(value_N.astype(np.float32), bad)

    def json_schema(self) -> dict[str, Any]:
        """A number or null."""
        return {
            "type": ["number", "null"],
            "description": f"A number; training saw {self.low:g} to {self.high:g}.",
            "examples": [self.mean],
        }

    def _far(self, index: int, value: float) -> BadCell:
        reason = f"is too far from what training saw ({self.low:g} to {self.high:g}) to be computed"
        return BadCell(index, repr(float(value)), reason)
