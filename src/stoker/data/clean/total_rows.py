"""Leave out rows that are no case but the sums of the rows above, as spreadsheets end in one.

They are found as `init` and a run find them to tell you: the last row of a file, where a cell is
the sum of its column to the last digit, or is far beyond it in a row called `Total`.

Cost: the whole table is counted once more, column by column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.dataset import Dataset
from stoker.data.profile.measure import profile_column
from stoker.data.profile.totals import find_totals
from stoker.data.reject_rows import reject_rows
from stoker.engine import to_arrow

if TYPE_CHECKING:
    from stoker.engine import Frame

_NAME = "total_rows"


class TotalRows(RowCleaner):
    """Reject the last row of a file where it holds the sums of the rows above."""

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Find them among the rows that are left."""

        def read(names: list[str]) -> pa.Table:
            return to_arrow(rows.select(*{"_row", *names}).sort("_row")).select(names)

        names = [name for name in dataset.columns if name not in dataset.media_columns]
        profiles = [profile_column(name, read([name])[name]) for name in names]
        found = {one.row: one.why for one in find_totals(profiles, read)}
        own = read(["_row", "_source", "_line"])
        gone = own.filter(pc.is_in(own["_row"], pa.array(list(found), pa.int64())))
        why = pa.array([found[row] for row in gone["_row"].to_pylist()], pa.string())
        return Cleaned(reject_rows(gone, step=_NAME, reason=why), {"totals": len(found)})
