"""Thin: keep one row of several, before anything else looks at them."""

import pyarrow as pa

from stoker.dag.stage import ROWS, Stage
from stoker.data.flow import flow, stated
from stoker.data.reject_rows import reject_rows
from stoker.engine.table_file import read_table, write_table
from stoker.views.last_rows import rows_path


class Thin(Stage):
    """Keep every second row."""

    place = 15  # behind acquire (10), before clean (20)
    gives_rows = True
    keep: int

    @classmethod
    def of(cls, recipe):
        """The part of the recipe that it reads; None where the recipe does not ask for it."""
        return cls(keep=2)

    def reads(self):
        """The rows as the stage before left them."""
        return (ROWS,)

    def run(self, work):
        """Write `rows.parquet` and `rejects.parquet`, and say how many."""
        rows = read_table(rows_path(work.inputs))
        is_kept = pa.array([number % self.keep == 0 for number in range(rows.num_rows)])
        gone = rows.filter(pa.compute.invert(is_kept))
        write_table(rows.filter(is_kept), work.folder / "rows.parquet")
        rejects = reject_rows(gone, step="thin", reason="thinned out")
        write_table(rejects, work.folder / "rejects.parquet")
        return {"flows": stated([flow("thin", rows.num_rows, gone.num_rows)])}

    def seconds(self, size):
        """About a microsecond a row."""
        return 1e-6 * size.extent.rows
