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
import pyarrow.compute as pc
from pydantic import Field

from stoker.cells.categories import category_texts, count_categories, missing_categories
from stoker.cells.numbers import NumberCells, plain_cells, replace_numbers
from stoker.cells.raw import one_array
from stoker.core.errors import DataError, Place, RecipeError
from stoker.core.value import Value
from stoker.data.clean import CleanerState, FittedCleaner
from stoker.data.clean._rules import AnyRule, CategoryRule, FillValue, NumberRule
from stoker.features import Feature
from stoker.features.category import Category
from stoker.features.number import Number

_DROPPED = "is missing, and the recipe drops such training rows"


class FilledNumber(Value):
    """How missing cells of a column of numbers are treated."""

    cells: NumberCells
    """How its numbers are written."""
    fill: float | None = None
    """What stands in for a missing cell; None: it stays missing."""
    drop: bool = False
    """Whether a training row without a number is left out."""


class FilledCategory(Value):
    """How missing cells of a column of categories are treated."""

    fill: str | None = None
    """What stands in for a missing cell; None: it stays missing."""
    drop: bool = False
    """Whether a training row without a category is left out."""


class FittedMissing(CleanerState):
    """Fills in missing cells."""

    numbers: dict[str, FilledNumber]
    """Rules of the columns of numbers."""
    categories: dict[str, FilledCategory]
    """Rules of the columns of categories."""

    def apply(self, rows: pa.Table) -> pa.Table:
        """The rows with missing cells filled in.

        >>> whole = FilledNumber(cells=NumberCells(), fill=3)
        >>> state = FittedMissing(numbers={"age": whole}, categories={})
        >>> state.apply(pa.table({"age": ["7", ""]})).column("age").to_pylist()
        ['7', '3']
        """
        for position, name in enumerate(rows.column_names):
            number, category = self.numbers.get(name), self.categories.get(name)
            if number is not None and number.fill is not None:
                missing_N = number.cells.missing_N(rows[name])
                filled = replace_numbers(rows[name], missing_N, number.fill, number.cells)
            elif category is not None and category.fill is not None:
                filled = _fill(rows[name], category.fill)
            else:
                continue
            rows = rows.set_column(position, name, filled)
        return rows

    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """Missing cells of each column that it has a rule for."""
        return {name: self._missing(name, rows) for name in rows.column_names if self._rule(name)}

    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        """Training rows without a value in a column that is to be dropped."""
        gone: dict[int, tuple[int, str, str, str]] = {}
        for name in rows.column_names:
            rule = self._rule(name)
            if rule is not None and rule.drop:
                for index in np.flatnonzero(self._missing(name, rows)):
                    gone.setdefault(int(index), (int(index), name, "", _DROPPED))
        return [gone[index] for index in sorted(gone)]

    def _rule(self, name: str) -> FilledNumber | FilledCategory | None:
        return self.numbers.get(name) or self.categories.get(name)

    def _missing(self, name: str, rows: pa.Table) -> np.ndarray:
        """Which cells of a column with a rule are missing, bool."""
        if name in self.numbers:
            return self.numbers[name].cells.missing_N(rows[name])
        return missing_categories(rows[name])


def _fill(column: pa.ChunkedArray, fill: str) -> pa.Array:
    """The column with missing categories filled in; untouched where none is missing."""
    texts = category_texts(column)
    return pc.fill_null(texts, fill) if texts.null_count else one_array(column)


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
    if isinstance(rule, FillValue):
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
    if isinstance(rule, FillValue):
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
