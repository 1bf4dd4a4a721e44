"""Which scored rows belong together, as the recipe's `data.split.group` says.

Cost: one column of the cleaned rows is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.data.prepare.raw_rows import rows_with_ids
from stoker.data.units import codes_of


def group_codes(rows_path: Path, row_N: np.ndarray, column: str | None) -> np.ndarray | None:
    """Group of each row as numbers from 0 without a gap; None where there is no group column.

    A row without a value is a group of its own, as it is in the split.

    Args:
        rows_path: Table of the cleaned rows.
        row_N: Ids of rows, in any order.
        column: The column whose equal values belong together.
    """
    if column is None:
        return None
    table = pa.concat_tables(rows_with_ids(rows_path, np.sort(row_N), ["_row", column]))
    place_N = np.searchsorted(table["_row"].to_numpy(), row_N)
    group_N = codes_of(table[column])[place_N]
    missing_N = group_N < 0
    group_N[missing_N] = group_N.max(initial=-1) + 1 + np.arange(missing_N.sum())
    return np.unique(group_N, return_inverse=True)[1]
