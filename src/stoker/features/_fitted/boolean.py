"""A boolean feature that has seen the training part."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.booleans import BooleanCells
from stoker.features import NumericFeature, Scale, Transformed


class FittedBoolean(BooleanCells, NumericFeature):
    """Turns cells into 1 and 0."""

    num_true: Annotated[int, Field(ge=0)]
    """Training cells that are true."""
    num_false: Annotated[int, Field(ge=0)]
    """Training cells that are false."""
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

    @property
    def scales(self) -> tuple[Scale, ...]:
        """Share of true cells, and the deviation that follows from it."""
        mean = self.num_true / (self.num_true + self.num_false)
        return (Scale(mean, (mean * (1 - mean)) ** 0.5 or 1.0, self.had_missing),)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """1 for true, 0 for false, NaN for missing.

        >>> active = FittedBoolean(num_true=1, num_false=1, had_missing=False)
        >>> active.transform(pa.array(["Y", "off", None])).values
        array([ 1.,  0., nan], dtype=float32)
        """
        value_N, bad = self.read(column)
        value_N[[cell.index for cell in bad]] = 0
        return Transformed(value_N, bad)

    def json_schema(self) -> dict[str, Any]:
        """A bool, 1, 0, a word that means one of them, or null."""
        return {
            "type": ["boolean", "integer", "string", "null"],
            "description": f"True or false, or one of {', '.join((*self.true, *self.false))}.",
            "examples": [True, False],
        }
