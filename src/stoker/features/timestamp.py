"""A column of dates, moments or times of day, as the parts of the calendar that vary.

A moment itself is one large number; what a target follows is mostly the hour, the weekday, the
season, or how long ago it was.  So a row becomes the days since the first training moment (with its
fraction) and those parts of the calendar that take more than one value in training.  Networks get
sine and cosine of the parts that begin anew, so that December stands beside January.

Moments are UTC: a zone in the data is converted, and one without a zone is taken as UTC, so an hour
is the hour there.  Durations are numbers: `number` reads them, in seconds.

Cost: reading (see `cells/moments.py`), then 0.1 µs a cell and part.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from stoker.cells.calendar import PARTS, PERIODS, Part, calendar_parts
from stoker.cells.moment_text import Order
from stoker.cells.moments import MomentCells, MomentKind, readable_as_moments
from stoker.cells.raw import is_text, one_array
from stoker.core.errors import DataError
from stoker.features import Feature, NumericFeature, Scale, Transformed


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

        A moment before the first training cell or after the last is unseen.

        >>> when = FittedTimestamp(kind="moment", first_us=0, last_us=10**15, parts=["year", "day"],
        ...     means=[2000, 15], stds=[1, 9], had_missing=False)
        >>> done = when.transform(pa.array(["2001-03-04", None, "2001-09-10"]))
        >>> done.values
        array([[2001.,    4.],
               [  nan,   nan],
               [2001.,   10.]])
        >>> done.unseen_N
        array([False, False,  True])
        """
        order = None if self.order == "auto" else self.order
        moment_N, bad = self.read(column, kind=self.kind, order=order)
        value_NP = calendar_parts(moment_N, self.parts, self._first)
        value_NP[[cell.index for cell in bad]] = 0
        outside_N = (moment_N < self._first) | (moment_N > self._last)
        return Transformed(value_NP, bad, outside_N if outside_N.any() else None)

    def json_schema(self) -> dict[str, Any]:
        """Text of a date or moment, or null."""
        what = "A time of day" if self.kind == "time" else "A date or moment, UTC unless it says"
        return {
            "type": ["string", "null"],
            "description": f"{what}; {self._seen}.",
            "examples": [self._shown(self.last_us)],
        }

    @property
    def unseen_advice(self) -> str:
        """That it is another time; what the model makes of it is a guess."""
        return f"{self._seen}, and what goes on otherwise since then it cannot know"

    def unseen_hint(self, _cell: str, /) -> str:
        """What training saw."""
        return self._seen

    @cached_property
    def _first(self) -> np.datetime64:
        return np.datetime64(self.first_us, "us")

    @cached_property
    def _last(self) -> np.datetime64:
        return np.datetime64(self.last_us, "us")

    @property
    def _seen(self) -> str:
        return f"training saw {self._shown(self.first_us)} to {self._shown(self.last_us)}"

    def _shown(self, moment_us: int) -> str:
        """A moment as text that reads back, a time of day without its day."""
        text = str(np.datetime64(moment_us, "us"))
        day, _, clock = text.partition("T")
        clock = clock.removesuffix(".000000")
        if self.kind == "time":
            return clock
        return day if clock == "00:00:00" else f"{day}T{clock}"


class Timestamp(MomentCells, Feature):
    """A date, a moment or a time of day, as text or as a type of its own."""

    def fit(self, column: pa.ChunkedArray) -> FittedTimestamp:
        """Learn the order of day and month, the range, and which parts vary.

        Raises:
            DataError: If the type holds no moments, no cell can be read, all are one moment, or
                day and month could be read in two ways.
        """
        cells = one_array(column)
        if not readable_as_moments(cells.type):
            is_duration = pa.types.is_duration(cells.type)
            raise DataError(
                f"the column is of type {column.type}, not a date or moment",
                expected="text, dates, timestamps or times of day",
                fix="say number, which reads durations in seconds"
                if is_duration
                else "convert it in the source, or leave the column out of inputs",
            )
        kind, order = self._form(cells)
        moment_N, bad = self.read(cells, kind=kind, order=order)
        known_N = moment_N[~np.isnat(moment_N)]
        if not len(known_N):
            examples = [f", such as {cell.found!r}, which {cell.reason}" for cell in bad[:1]]
            raise DataError(
                f"no date or moment among {len(column)} training cells{''.join(examples)}",
                expected="at least one training row with a date",
                fix="say category instead of timestamp, or leave the column out of inputs",
            )
        first, last = known_N.min(), known_N.max()
        value_NP = calendar_parts(known_N, PARTS, first)
        varies = [name for name, low, high in _ranges(value_NP) if low < high]
        if kind == "time" and varies:
            varies.remove("days")
        if not varies:
            raise DataError(
                f"all of the {len(known_N)} training cells with a date are {first}",
                expected="at least two different moments",
                fix="leave the column out of inputs",
            )
        value_NP = calendar_parts(known_N, varies, first)
        return FittedTimestamp(
            order=order or "year_first",
            short_years=self.short_years,
            missing=self.missing,
            kind=kind,
            first_us=int(first.astype(np.int64)),
            last_us=int(last.astype(np.int64)),
            parts=tuple(varies),
            means=tuple(value_NP.mean(axis=0).tolist()),
            stds=tuple((value_NP.std(axis=0) + (value_NP.std(axis=0) == 0)).tolist()),
            had_missing=len(known_N) + len(bad) < len(column),
        )

    def _form(self, cells: pa.Array) -> tuple[MomentKind, Order | None]:
        """Whether cells are moments or times of day, and the order of day and month.

        Raises:
            DataError: If the order cannot be told and the recipe does not say it.
        """
        if not is_text(cells.type):
            return ("time" if pa.types.is_time(cells.type) else "moment"), None
        found = self.evidence(cells)
        if found.num_times > found.num_moments:
            return "time", None
        if self.order != "auto":
            return "moment", self.order
        if found.order is None:
            proves = "some put the day first, some the month" if found.is_mixed else "none tells"
            raise DataError(
                f"day and month of {found.num_open} different dates can be read in two ways, such "
                f"as {found.example!r}; of the others {proves}",
                expected="the order of day and month",
                fix="say timestamp: {order: day_first} or timestamp: {order: month_first}",
            )
        return "moment", found.order


def _ranges(value_NP: np.ndarray) -> list[tuple[Part, float, float]]:
    low_P, high_P = value_NP.min(axis=0), value_NP.max(axis=0)
    return list(zip(PARTS, low_P.tolist(), high_P.tolist(), strict=True))
