"""A timestamp feature that has seen the training part."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from stoker.cells.calendar import PERIODS, Part, calendar_parts
from stoker.cells.moments import MomentCells, MomentKind
from stoker.features import NumericFeature, Scale, Transformed


class FittedTimestamp(MomentCells, NumericFeature):
    """Turns cells into parts of the calendar."""

    kind: MomentKind
    """Whether cells are moments or times of day."""
    first_us: int
    """Earliest training cell, in microseconds since 1970."""
    last_us: int
    """Latest training cell."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    """What a row becomes, in this order."""
    means: tuple[float, ...]
    """Mean of each part over the training cells."""
    stds: tuple[Annotated[float, Field(gt=0)], ...]
    """Its population standard deviation."""
    had_missing: bool
    """Whether a training cell was missing."""

    @model_validator(mode="after")
    def _as_many(self) -> FittedTimestamp:
        if not len(self.parts) == len(self.means) == len(self.stds):
            raise ValueError("parts, means and stds are as many")
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """As many numbers a row as there are parts."""
        return (len(self.parts),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64."""
        return np.dtype(np.float64)

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts, in words."""
        return tuple(part.replace("_", " ") for part in self.parts)

    @property
    def scales(self) -> tuple[Scale, ...]:
        """All parts of a missing cell are missing, so the first alone gets an indicator."""
        return tuple(
            Scale(mean, std, self.had_missing and not position, PERIODS.get(part))
            for position, (part, mean, std) in enumerate(
                zip(self.parts, self.means, self.stds, strict=True)
            )
        )

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Parts as float64 (N, P), NaN for missing.

        A moment farther from the training cells than they are from each other is unseen.

        >>> when = FittedTimestamp(kind="moment", first_us=0, last_us=10**15, parts=["year", "day"],
        ...     means=[2000, 15], stds=[1, 9], had_missing=False)
        >>> when.transform(pa.array(["2021-03-04", None])).values
        array([[2021.,    4.],
               [  nan,   nan]])
        """
        order = None if self.order == "auto" else self.order
        moment_N, bad = self.read(column, kind=self.kind, order=order)
        value_NP = calendar_parts(moment_N, self.parts, self._first)
        value_NP[[cell.index for cell in bad]] = 0
        outside_N = (moment_N < self._lowest) | (moment_N > self._highest)
        return Transformed(value_NP, bad, outside_N if outside_N.any() else None)

    def json_schema(self) -> dict[str, Any]:
        """Text of a date or moment, or null."""
        what = "A time of day" if self.kind == "time" else "A date or moment, UTC unless it says"
        return {
            "type": ["string", "null"],
            "description": f"{what}; training saw {self._shown(self.first_us)} to "
            f"{self._shown(self.last_us)}.",
            "examples": [self._shown(self.last_us)],
        }

    @cached_property
    def _first(self) -> np.datetime64:
        return np.datetime64(self.first_us, "us")

    @cached_property
    def _lowest(self) -> np.datetime64:
        return np.datetime64(self.first_us - (self.last_us - self.first_us), "us")

    @cached_property
    def _highest(self) -> np.datetime64:
        return np.datetime64(self.last_us + (self.last_us - self.first_us), "us")

    def _shown(self, moment_us: int) -> str:
        """A moment as text that reads back, a time of day without its day."""
        text = str(np.datetime64(moment_us, "us"))
        day, _, clock = text.partition("T")
        clock = clock.removesuffix(".000000")
        if self.kind == "time":
            return clock
        return day if clock == "00:00:00" else f"{day}T{clock}"
