"""A column of true and false, as 1 and 0.

It differs from a category of two values by what it knows beforehand: all usual spellings are one, a
value that training did not have is still read, and any other word is a bad cell instead of an
unseen one.

Cost: one look at each distinct value.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.booleans import BooleanCells
from stoker.cells.categories import are_categories
from stoker.core.errors import DataError
from stoker.features import Feature, NumericFeature, Scale, Transformed


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


class Boolean(BooleanCells, Feature):
    """True or false: bools, 1 and 0, or words such as yes and no, 是 and 否."""

    def fit(self, column: pa.ChunkedArray) -> FittedBoolean:
        """Learn the share of true cells.

        Raises:
            DataError: If the type holds no bools (a list, bytes), or no cell is true or false.
        """
        if not are_categories(column.type):
            raise DataError(
                f"the column is of type {column.type}, not true or false",
                expected="bools, 1 and 0, or text",
                fix="convert it in the source, or leave the column out of inputs",
            )
        value_N, bad = self.read(column)
        num_true, num_false = int((value_N == 1).sum()), int((value_N == 0).sum())
        if not num_true + num_false:
            examples = [f", such as {cell.found!r}, which {cell.reason}" for cell in bad[:1]]
            raise DataError(
                f"nothing is true or false among {len(column)} training cells{''.join(examples)}",
                expected="at least one training row with true or false",
                fix="say category instead of boolean, or leave the column out of inputs",
            )
        return FittedBoolean(
            **self.model_dump(),
            num_true=num_true,
            num_false=num_false,
            had_missing=int(np.isnan(value_N).sum()) > len(bad),
        )
