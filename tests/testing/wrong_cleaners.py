"""Cleaners that each break one promise, and the two sound ones that they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.core.steps import step_name
from stoker.data.clean import Cleaned, CleanerState, FittedCleaner, RowCleaner
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.engine import Frame, to_arrow
from stoker.features import Feature


class Negative(RowCleaner):
    """Reject rows whose number is below zero; a missing one stays."""

    column: str

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        return Cleaned(self.told(self.bad(to_arrow(rows))), {})

    def bad(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.less(table[self.column], 0))

    def told(self, gone: pa.Table) -> pa.Table:
        return reject_rows(gone, step=step_name(self), reason="is below zero", column=self.column)


class RejectsTheGood(Negative):
    def bad(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.greater_equal(table[self.column], 0))


class RejectsTheMissing(Negative):
    def bad(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.less(pc.fill_null(table[self.column], -1), 0))


class TellsOtherIds(Negative):
    def told(self, gone: pa.Table) -> pa.Table:
        told = super().told(gone)
        return told.set_column(0, "_row", pc.subtract(told["_row"], 1))


class TellsOtherLines(Negative):
    def told(self, gone: pa.Table) -> pa.Table:
        told = super().told(gone)
        return told.set_column(2, "line", pc.add(told["line"], 1))


class TellsNoReason(Negative):
    def told(self, gone: pa.Table) -> pa.Table:
        return reject_rows(gone, step=step_name(self), reason="")


class TellsAnotherStep(Negative):
    def told(self, gone: pa.Table) -> pa.Table:
        return reject_rows(gone, step="negative", reason="is below zero")


class RejectsTheFirstTime(Negative):
    seen: ClassVar[set[str]] = set()

    def bad(self, table: pa.Table) -> pa.Table:
        is_new = self.column not in self.seen
        self.seen.add(self.column)
        return super().bad(table) if is_new else table.slice(0, 0)


class RejectsTheFirstRow(Negative):
    def bad(self, table: pa.Table) -> pa.Table:
        return table.slice(0, 1)


class FittedCap(CleanerState):
    """Moves numbers above the largest one down to it."""

    column: str
    most: float

    def apply(self, rows: pa.Table) -> pa.Table:
        if self.column not in rows.column_names:
            return rows
        place = rows.column_names.index(self.column)
        return rows.set_column(place, self.column, self.capped(rows[self.column]))

    def capped(self, cells: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.min_element_wise(cells, self.most, skip_nulls=False)

    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        if self.column not in rows.column_names:
            return {}
        cells = pc.fill_null(pc.greater(rows[self.column], self.most), False)
        return {self.column: cells.to_numpy()}

    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        return []


class Cap(FittedCleaner):
    """Learn the median, and move what is above it down to it."""

    column: str = "size"

    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        return FittedCap(column=self.column, most=np.nanmedian(rows[self.column].to_numpy()))


class FittedTouchesAll(FittedCap):
    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        return {name: np.ones(rows.num_rows, bool) for name in super().touched(rows)}


class TouchesAll(Cap):
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        return FittedTouchesAll.model_validate(super().fit(rows, features).model_dump())


class FittedHalves(FittedCap):
    def capped(self, cells: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.if_else(pc.greater(cells, 1), pc.divide(cells, 2.0), cells)


class Halves(Cap):
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        return FittedHalves.model_validate(super().fit(rows, features).model_dump())


class FittedHidden(FittedCap):
    learned: ClassVar[dict[str, float]] = {}

    def capped(self, cells: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.min_element_wise(cells, self.learned[self.column], skip_nulls=False)


class Hidden(Cap):
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        state = super().fit(rows, features)
        assert isinstance(state, FittedCap)
        FittedHidden.learned[self.column] = state.most
        return FittedHidden(column=self.column, most=state.most)


class FittedByTable(FittedCap):
    def capped(self, cells: pa.ChunkedArray) -> pa.ChunkedArray:
        most = np.nanmedian(cells.to_numpy()) if len(cells) > 1 else self.most + 1
        return pc.min_element_wise(cells, most, skip_nulls=False)


class ByTable(Cap):
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        return FittedByTable.model_validate(super().fit(rows, features).model_dump())


class FittedRejectsNobody(FittedCap):
    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        return [(0, "nothing", "", "")]


class RejectsNobody(Cap):
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        return FittedRejectsNobody.model_validate(super().fit(rows, features).model_dump())
