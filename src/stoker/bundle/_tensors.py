"""Tensors on their way into a model: whether they are what it was made for, and who goes with whom.

A graph pads rows of any length to the longest one that is asked with them, so those of like length
are asked together: one long text neither slows nor moves the answers to others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from stoker.cells.ragged import Ragged, Rows, alike, joined_rows, lengths_of, rows_at
from stoker.core.errors import DataError, Place
from stoker.features import Form


def by_length(run: Callable[[Mapping[str, Rows]], Rows], tensors: Mapping[str, Rows]) -> Rows:
    """Outputs of all rows, in their order, asked in pieces of like length.

    Args:
        run: Outputs of tensors by column.
        tensors: The tensor of each column; without rows of any length it is one call.
    """
    length_N = lengths_of(tensors)
    pieces = [] if length_N is None else alike(length_N)
    if len(pieces) < 2:
        return run(tensors)
    found = [run({name: rows_at(rows, at) for name, rows in tensors.items()}) for at in pieces]
    return joined_rows(found, np.concatenate(pieces))


def check_form(column: str, rows: Rows, form: Form) -> None:
    """Refuse a tensor of another form.

    Raises:
        DataError: Naming the column, if the type or shape is another one, or offsets lead astray.
    """
    values = rows.values if isinstance(rows, Ragged) else rows
    is_as_said = isinstance(rows, Ragged) == form.ragged
    if not is_as_said or values.dtype != form.dtype or values.shape[1:] != form.shape:
        kind = "rows of any length, " * isinstance(rows, Ragged)
        expected = f"{form.dtype} with rows of shape {form.shape}"
        if form.ragged:
            expected = f"a Ragged of {form.dtype} with values of shape {form.shape}"
        raise DataError(
            f"the tensor is {kind}{values.dtype} {values.shape}",
            expected=expected,
            place=Place(column=column),
        )
    if isinstance(rows, Ragged) and not _fit(rows.offsets, len(values)):
        raise DataError(
            "the offsets do not rise from 0 to the number of values",
            expected="int64 offsets, one more than rows",
            place=Place(column=column),
        )


def _fit(offsets: np.ndarray, num_values: int) -> bool:
    """Whether offsets cut values into rows.

    >>> _fit(np.array([0, 2, 2]), 2), _fit(np.array([0, 3]), 2), _fit(np.array([]), 0)
    (True, False, False)
    """
    if offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
        return False
    reaches = offsets[0] == 0 and offsets[-1] == num_values
    return bool(reaches and (np.diff(offsets) >= 0).all())
