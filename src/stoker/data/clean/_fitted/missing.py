"""What the `missing` cleaner learned: a value for each column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.categories import category_texts, missing_categories
from stoker.cells.numbers import NumberCells, replace_numbers
from stoker.cells.raw import one_array
from stoker.core.value import Value
from stoker.data.clean import CleanerState

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
