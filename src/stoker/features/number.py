"""A column of numbers, in their own unit.

Models get float64, with NaN where the cell is empty: filling it in is the model's work (it also
learns that something was missing) or that of the `missing` cleaner.  Trees compare the numbers as
they are; networks standardise them inside their graph, with the mean and deviation of the training
part, which are learned here in float64 and in a form that does not overflow.

Cost: one pass of Arrow's parser and two of numpy over the training column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stoker.cells import BadCell
from stoker.cells.number_advice import are_codes, missing_options, options_text, several_units
from stoker.cells.number_mixtures import unknown_units
from stoker.cells.numbers import NumberCells, readable_as_numbers
from stoker.cells.raw import cell_text, one_array
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features import Feature
from stoker.features._fitted.number import FittedNumber

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
            raw=True,
        )


def _no_number(found: list[str], bad: Sequence[BadCell], num_cells: int) -> DataError:
    """What keeps all cells from being numbers, and what would help."""
    options = missing_options(found)
    units = () if options else unknown_units(found, np.ones(len(found)))
    fix = "say category instead of number, or leave the column out of inputs"
    if options:
        fix = f"say number: {options_text(options)}"
    elif units:
        fix = several_units(units)
    why = "has letters that differ from cell to cell, as codes have"
    is_code = not options and not units and are_codes(found)
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
