"""Reject rows in which nothing stands.  Cost: one look at each cell."""

import numpy as np

from stoker.cells.categories import missing_categories
from stoker.core.steps import step_name
from stoker.data.acquire import OWN_COLUMNS
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.reject_rows import reject_rows
from stoker.engine import to_arrow


class BlankRows(RowCleaner):
    """Reject rows whose every cell is empty."""

    columns: tuple[str, ...] | None = None
    """Columns to look at; absent: all."""

    def clean(self, rows, dataset):
        """Judge the columns that the sources have."""
        table = to_arrow(rows)
        own = self.columns or [n for n in table.column_names if n not in OWN_COLUMNS]
        blank_N = np.logical_and.reduce([missing_categories(table[name]) for name in own])
        gone = table.filter(blank_N)
        rejected = reject_rows(gone, step=step_name(self), reason="every cell is empty")
        return Cleaned(rejected, {"blank": gone.num_rows})
