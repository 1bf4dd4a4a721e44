"""A column of numbers, in their own unit.

Models get float64, with NaN where the cell is empty: filling it in is the model's work (it also
learns that something was missing) or that of the `missing` cleaner.  Trees compare the numbers as
they are; networks standardise them inside their graph, with the mean and deviation of the training
part, which are learned here in float64 and in a form that does not overflow.

Cost: one pass of Arrow's parser and two of numpy over the training column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.number_advice import are_codes, missing_options, options_text, several_units
from stoker.cells.number_forms import signs_between
from stoker.cells.number_mixtures import unknown_units
from stoker.cells.number_two_ways import two_ways
from stoker.cells.numbers import NumberCells, readable_as_numbers
from stoker.cells.raw import cell_text, one_array
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features import Feature, NumericFeature, Scale, Transformed

_DIGITS = r"^ *([+-]?[0-9]{1,15}(\.[0-9]{0,15})?)? *$"
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
    had_bare: bool = True
    """Whether a training cell was without a unit, where units are converted."""
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
        if self._wants_unit:
            outside_N |= self.bare_N(column, number_N)
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
        """A number, its text as the table has it, or null.

        The pattern is of texts that are sure to be read; others are taken too.  The example has a
        unit where training never saw a number without one.
        """
        in_unit = f" in {self.base_unit}" if self.base_unit else ""
        seen = f"{self.low:g} to {self.high:g}"
        return {
            "type": ["number", "string", "null"],
            **({"pattern": _DIGITS} if self.is_plain else {}),
            "description": f"A number{in_unit} or its text as in the table; training saw {seen}.",
            "examples": [self.text(float(f"{self.mean:.4g}")) if self._wants_unit else self.mean],
        }

    def unseen_hint(self, cell: str, /) -> str:
        """In what unit a number is read that has none, where training had one in every cell.

        >>> kilos = FittedNumber(unit={"kg": 1, "g": 0.001}, had_bare=False, mean=66, std=9, low=40,
        ...                      high=99, had_missing=False)
        >>> kilos.unseen_hint("66"), kilos.unseen_hint("400 kg")
        ("it has no unit and is read as 'kg'", '')
        """
        if not self._wants_unit or not self.bare_N(pa.array([cell]), np.ones(1))[0]:
            return ""
        return f"it has no unit and is read as {self.base_unit!r}"

    @cached_property
    def _wants_unit(self) -> bool:
        """Whether a number without a unit is another thing than training saw."""
        return bool(self.base_unit) and not self.had_bare

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


_LARGEST_EXACT = 2**53


class Number(NumberCells, Feature):
    """A number, written in digits or held as an integer, float, decimal or bool."""

    def fit(self, column: pa.ChunkedArray) -> FittedNumber:
        """Learn mean and standard deviation from the cells that can be read.

        Raises:
            DataError: If the type has no numbers (a date, a list), or no cell holds one.
        """
        if not readable_as_numbers(one_array(column[:0]).type):
            raise DataError(
                f"the column is of type {column.type}, not a number",
                expected="text, integers, floats, decimals or bools",
                fix="convert it in the source, or leave the column out of inputs",
            )
        read = self.read(column)
        value_N = read.value_N[~np.isnan(read.value_N)]
        if not len(value_N):
            found = [bad.found for bad in read.bad]
            raise _no_number(found, read.bad, len(column))
        _warn_of_equal(one_array(column), read.value_N)
        mean, std = mean_and_std(value_N)
        return FittedNumber(
            **self.model_dump(),
            mean=mean,
            std=std or 1.0,
            low=float(value_N.min()),
            high=float(value_N.max()),
            had_missing=len(value_N) + len(read.bad) < len(column),
            had_bare=not self.base_unit or bool(self.bare_N(column, read.value_N).any()),
            raw=True,
        )


def _no_number(found: list[str], bad: Sequence[BadCell], num_cells: int) -> DataError:
    """What keeps all cells from being numbers, and what would help."""
    options = missing_options(found)
    units = () if options else unknown_units(found, np.ones(len(found)))
    ways = "" if options or units else two_ways(found, np.ones(len(found)))
    fix = "say category instead of number, or leave the column out of inputs"
    if options:
        fix = f"say number: {options_text(options)}"
    elif units:
        fix = several_units(units, signs=signs_between(found))
    elif ways:
        fix = ways
    why = "has letters that differ from cell to cell, as codes have"
    is_code = not options and not units and not ways and are_codes(found)
    examples = [
        f", such as {one.found!r}, which {why if is_code else one.reason}" for one in bad[:1]
    ]
    return DataError(
        f"no number among {num_cells} training cells{''.join(examples)}",
        expected="at least one training row with a number",
        fix=fix,
    )


def _warn_of_equal(cells: pa.Array, value_N: np.ndarray) -> None:
    """Warn where different whole numbers beyond 2**53 become one number."""
    kind = cells.type
    if pa.types.is_floating(kind) or pa.types.is_duration(kind):
        return
    large_N = np.abs(value_N) > _LARGEST_EXACT
    if not large_N.any():
        return
    different = cells.filter(pa.array(large_N)).unique()
    num_left = len(np.unique(value_N[large_N]))
    if num_left < len(different):
        events.warning(
            f"{len(different)} different whole numbers of more than 15 digits become {num_left} "
            f"as numbers, such as {cell_text(different, 0)}; say category if they are codes"
        )


def mean_and_std(value_N: np.ndarray) -> tuple[float, float]:
    """Mean and population standard deviation of finite float64 numbers, without overflow.

    A deviation that is only rounding noise beside the mean counts as 0.

    >>> mean_and_std(np.array([1e308, -1e308]))
    (0.0, 1e+308)
    >>> mean_and_std(np.array([0.1] * 7))
    (0.1, 0.0)
    """
    largest = float(np.abs(value_N).max())
    if value_N.min() == value_N.max() or largest == 0:
        return float(value_N[0]), 0.0
    scaled_N = value_N / largest
    mean, std = float(scaled_N.mean()), float(scaled_N.std())
    return mean * largest, (0.0 if std < 1e-15 else std * largest)
