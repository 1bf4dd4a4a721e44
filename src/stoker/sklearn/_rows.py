"""Rows in the forms that scikit-learn's users have them, as columns of Arrow.

Cost: nothing for tables; a Python call a cell for arrays of objects.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.bundle.frames import index_columns, to_table


def of_frame(frame: Any, *, fewest: int) -> pa.Table:
    """A table of any library as an Arrow table with plain texts, without the index of pandas."""
    table = to_table(frame, ())
    table = table.drop_columns([n for n in index_columns(table) if n in table.column_names])
    if table.num_rows < fewest or not table.num_columns:
        raise ValueError(
            f"Found array with {table.num_rows} sample(s) and {table.num_columns} feature(s) while "
            f"a minimum of {fewest} sample(s) and 1 feature(s) is required."
        )
    for name in table.column_names:
        column = table[name]
        if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
            raise ValueError(f"column {name!r} of X contains infinity")
    return table


def has_texts(X: Any) -> bool:
    """Whether an array or a list of rows holds texts, which stand for categories."""
    array = X if isinstance(X, np.ndarray) else None
    if array is None or array.dtype.kind not in "OU":
        return False
    return any(isinstance(cell, str) for cell in array.flat)


def cells_of(column: np.ndarray) -> pa.Array:
    """A column of an array: numbers, or texts where there is one."""
    if column.dtype.kind != "O":
        return pa.array(np.ascontiguousarray(column))
    if any(isinstance(cell, str) for cell in column):
        return pa.array([None if _is_missing(cell) else str(cell) for cell in column], pa.string())
    return pa.array(column.astype(np.float64), from_pandas=True)


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell


def feature_of(kind: pa.DataType) -> str:
    """The feature of a column of this type.

    >>> feature_of(pa.int8()), feature_of(pa.bool_()), feature_of(pa.date32())
    ('number', 'boolean', 'timestamp')
    """
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "timestamp"
    return "boolean" if pa.types.is_boolean(kind) else "category"
