"""Which scored rows belong together, as the recipe's `data.split.group` says.

Cost: one column of the cleaned rows is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.prepare._rows import rows_with_ids


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
    codes = pc.dictionary_encode(table[column].combine_chunks()).indices.take(pa.array(place_N))
    missing_N = codes.is_null().to_numpy(zero_copy_only=False)
    group_N = codes.fill_null(-1).to_numpy().astype(np.int64)
    group_N[missing_N] = group_N.max(initial=-1) + 1 + np.arange(missing_N.sum())
    return np.unique(group_N, return_inverse=True)[1]
