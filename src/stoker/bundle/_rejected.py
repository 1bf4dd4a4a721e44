"""Rows that a predictor cannot answer: the error that names the first, or the table of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from stoker.core.errors import DataError, Place
from stoker.core.steps import step_name
from stoker.data.rejects import SCHEMA

if TYPE_CHECKING:
    from stoker.bundle.interface import Interface
    from stoker.cells import BadCell

Bad = Sequence[tuple[str, "BadCell"]]
"""Column and cell, by rising row."""

# Not `SCHEMA.empty_table()`, which imports pandas where it is installed.
_NO_REJECTS = pa.Table.from_batches([], SCHEMA)


def bad_cell(bad: Bad, interface: Interface) -> DataError:
    """What is wrong with the first of them, and how many rows more there are."""
    (column, cell), rows = bad[0], len({cell.index for _, cell in bad})
    more = f" ({rows - 1} more rows have bad cells)" if rows > 1 else ""
    return DataError(
        f"{cell.found!r} {cell.reason}{more}",
        expected=f"the columns {interface.describe_inputs()}",
        fix="mend the rows, or ask with on_bad='reject' to leave them out",
        place=Place(row=cell.index, column=column),
    )


def rejected(bad: Bad, interface: Interface) -> pa.Table:
    """All of them, as rejects are kept."""
    if not bad:
        return _NO_REJECTS
    steps = {name: step_name(feature) for name, feature in interface.inputs.items()}
    records = [
        {
            "_row": cell.index,
            "source": "input",
            "line": None,
            "column": name,
            "found": cell.found,
            "reason": cell.reason,
            "step": steps[name],
        }
        for name, cell in bad
    ]
    return pa.Table.from_pylist(records, SCHEMA)
