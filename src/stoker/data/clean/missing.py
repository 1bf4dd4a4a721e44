"""Fill in missing values, with what the training part has.

A missing number becomes the median (or mean, or most frequent value) of the training rows; a
missing category keeps a code of its own unless the recipe says otherwise, because that a value is
missing often says more than a guess.  `drop` leaves training rows out; a row that is served cannot
be dropped, so there the cell stays missing and the model deals with it.

What counts as missing is what the column's feature says: an empty cell, and for numbers also the
usual marks.  A mode is the most frequent value; of equally frequent ones the smallest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.categories import count_categories
from stoker.cells.numbers import plain_cells
from stoker.core.errors import DataError, Place, RecipeError
from stoker.data.clean import FittedCleaner
from stoker.data.clean._fitted.missing import FilledCategory, FilledNumber, FittedMissing
from stoker.data.clean._rules import AnyRule, CategoryRule, Constant, NumberRule
from stoker.features import Feature
from stoker.features.category import Category
from stoker.features.number import Number


class Missing(FittedCleaner):
    """Fill in missing cells of numbers and categories, or drop their rows from training."""

    number: NumberRule = "median"
    """For columns of numbers: median, mean, mode, drop, keep, or {constant: 0}."""

    category: CategoryRule = "keep"
    """For columns of categories: mode, drop, keep, or {constant: unknown}."""

    columns: Annotated[dict[str, AnyRule], Field(default_factory=dict)]
    """Rules of single columns, such as {age: mean}."""

    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> FittedMissing:
        """Learn what to fill in.

        Raises:
            RecipeError: If a rule is for a column that is no input, or does not suit its feature.
            DataError: If a column has no value to learn from.
        """
        unknown = [name for name in self.columns if name not in features]
        if unknown:
            raise RecipeError(
                f"missing: {unknown[0]!r} is not an input column",
                expected=f"one of {', '.join(features)}",
            )
        numbers, categories = {}, {}
        for name in rows.column_names:
            feature = features[name]
            if isinstance(feature, Number):
                rule = self.columns.get(name, self.number)
                numbers[name] = _fill_number(name, rule, feature, rows[name])
            elif isinstance(feature, Category):
                rule = self.columns.get(name, self.category)
                categories[name] = _fill_category(name, rule, rows[name])
        return FittedMissing(numbers=numbers, categories=categories)


def _fill_number(
    name: str, rule: AnyRule, feature: Number, column: pa.ChunkedArray
) -> FilledNumber:
    cells = plain_cells(feature)
    if isinstance(rule, Constant):
        if not isinstance(rule.constant, float):
            raise _unsuited(name, f"{rule.constant!r} is not a number", "a number")
        return FilledNumber(cells=cells, fill=rule.constant)
    if rule in ("drop", "keep"):
        return FilledNumber(cells=cells, drop=rule == "drop")
    value_N = cells.read(column).value_N
    value_N = value_N[~np.isnan(value_N)]
    if not len(value_N):
        raise _nothing(name, rule, len(column))
    return FilledNumber(cells=cells, fill=_middle(value_N, rule))


def _middle(value_N: np.ndarray, rule: str) -> float:
    if rule == "mean":
        return float(value_N.mean())
    if rule == "median":
        return float(np.median(value_N))
    values, counts = np.unique(value_N, return_counts=True)
    return float(values[counts.argmax()])


def _fill_category(name: str, rule: AnyRule, column: pa.ChunkedArray) -> FilledCategory:
    if isinstance(rule, Constant):
        value = rule.constant
        whole = isinstance(value, float) and value == int(value)
        return FilledCategory(fill=str(int(value)) if whole else str(value))
    if rule in ("drop", "keep"):
        return FilledCategory(drop=rule == "drop")
    if rule != "mode":
        raise _unsuited(name, f"a category has no {rule}", "mode, drop, keep or {constant: ...}")
    count = count_categories(column)
    if not count:
        raise _nothing(name, rule, len(column))
    return FilledCategory(fill=min(count, key=lambda value: (-count[value], value)))


def _unsuited(name: str, what: str, expected: str) -> RecipeError:
    return RecipeError(f"missing: {what}", expected=expected, place=Place(column=name))


def _nothing(name: str, rule: str, num_rows: int) -> DataError:
    return DataError(
        f"no {rule} can be taken: all {num_rows} training cells are missing",
        expected="at least one value",
        fix="leave the column out of inputs, or give it {constant: ...}",
        place=Place(column=name),
    )
