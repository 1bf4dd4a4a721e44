"""A number feature that has seen the training part."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.numbers import NumberCells
from stoker.features import NumericFeature, Scale, Transformed

_LARGEST = float(np.finfo(np.float32).max)


class FittedNumber(NumberCells, NumericFeature):
    """Turns cells into float64; what a network needs to standardise them is kept beside."""

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
    raw: bool = False
    """Whether tensors are the numbers themselves, as float64.  False, the default for bundles that
    say nothing: standardised ones as float32, as graphs of the first format take them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One number a row."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, or float32 for graphs of the first format."""
        return np.dtype(np.float64 if self.raw else np.float32)

    @property
    def scales(self) -> tuple[Scale, ...]:
        """Mean and deviation; tensors of the first format are standardised already."""
        mean, std = (self.mean, self.std) if self.raw else (0.0, 1.0)
        return (Scale(mean, std, self.had_missing),)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """The numbers, NaN for missing.

        >>> ages = FittedNumber(mean=1, std=2, low=0, high=4, had_missing=False, raw=True)
        >>> ages.transform(pa.array([5, None])).values
        array([ 5., nan])
        """
        number_N, bad = self.read(column)
        outside_N = (number_N < self._lowest) | (number_N > self._highest)
        any_outside = bool(outside_N.any())
        if any_outside:
            with np.errstate(over="ignore"):
                far_N = np.abs(number_N / self.std - self.mean / self.std) > _LARGEST
            bad = (*bad, *(self._far(int(i), number_N[i]) for i in np.flatnonzero(far_N)))
            bad = tuple(sorted(bad, key=lambda cell: cell.index))
        value_N = number_N if self.raw else (number_N - self.mean) / self.std
        value_N[[cell.index for cell in bad]] = 0
        value_N = value_N.astype(self.dtype, copy=False)
        return Transformed(value_N, bad, outside_N if any_outside else None)

    def json_schema(self) -> dict[str, Any]:
        """A number or null; a text too where the recipe says how numbers are written."""
        as_text = "" if self.is_plain else " or its text as in the table"
        in_unit = f" in {self.base_unit}" if self.base_unit else ""
        seen = f"{self.low:g} to {self.high:g}"
        return {
            "type": ["number", "null"] if self.is_plain else ["number", "string", "null"],
            "description": f"A number{in_unit}{as_text}; training saw {seen}.",
            "examples": [self.mean],
        }

    @cached_property
    def _slack(self) -> float:
        """Room for numbers that came through float32."""
        return 1e-6 * max(abs(self.low), abs(self.high))

    @property
    def _lowest(self) -> float:
        return self.low - self._slack

    @property
    def _highest(self) -> float:
        return self.high + self._slack

    def _far(self, index: int, value: float) -> BadCell:
        reason = f"is too far from what training saw ({self.low:g} to {self.high:g}) to be computed"
        return BadCell(index, repr(float(value)), reason)
