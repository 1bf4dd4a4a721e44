"""Count the cells that hold what training never saw, block by block.

An unseen category is answered as a missing one, and a number outside of the range of training by
what the model makes of it.  Either may be right; what is not right is to say nothing, because a
column in which *nothing* is known mostly means that its values are spelled in another way.

Cost: nothing for a column without unseen cells, else a few microseconds a block.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stoker.cells.ragged import Ragged, Rows, rows_at
from stoker.core import events
from stoker.features import FittedFeature

_FEWEST = 5
"""Rows from which a column without a single known value is worth a warning."""


class Unseen:
    """Unseen cells of the columns of a table that goes through in blocks."""

    def __init__(self, num_rows: int) -> None:
        """Begin without any.

        Args:
            num_rows: Rows of the table.
        """
        self.masks: dict[str, np.ndarray] = {}
        """Which rows hold in a column what training never saw, bool; columns without any left
        out."""
        self.num_rows = num_rows
        """Rows of the table."""
        self._known: set[str] = set()

    @property
    def whole(self) -> tuple[str, ...]:
        """Columns with unseen cells and none that holds what training saw."""
        return tuple(name for name in self.masks if name not in self._known)

    def add(
        self, begin: int, values: Mapping[str, Rows], unseen_N: Mapping[str, np.ndarray]
    ) -> None:
        """Note what a block holds.

        Args:
            begin: Its first row.
            values: The tensor of each column.
            unseen_N: Which rows of the block are unseen, of the columns that have any.
        """
        for name, mask_N in unseen_N.items():
            whole_N = self.masks.setdefault(name, np.zeros(self.num_rows, bool))
            whole_N[begin : begin + len(mask_N)] = mask_N
        for name in self._to_look_at(values, unseen_N):
            mask_N = unseen_N.get(name)
            rows = values[name]
            if _holds_any(rows if mask_N is None else rows_at(rows, np.flatnonzero(~mask_N))):
                self._known.add(name)

    def _to_look_at(
        self, values: Mapping[str, Rows], unseen_N: Mapping[str, np.ndarray]
    ) -> set[str]:
        """Columns of a block that may be wholly unseen; of a table of one block only a few can."""
        num_rows = len(next(iter(values.values())))
        return {*(unseen_N if num_rows == self.num_rows else values)} - self._known


def warn_of(unseen: Unseen, inputs: Mapping[str, FittedFeature]) -> None:
    """Warn of columns in which nothing is known, unless the rows are but a few."""
    for name in unseen.whole if unseen.num_rows >= _FEWEST else ():
        events.warning(
            f"no cell of column {name!r} is what training saw there; {inputs[name].unseen_advice}"
        )


def counted(unseen_N: Mapping[str, np.ndarray]) -> dict[str, int]:
    """How many cells of each column are unseen.

    >>> counted({"town": np.array([True, False, True])})
    {'town': 2}
    """
    return {name: int(np.count_nonzero(mask_N)) for name, mask_N in unseen_N.items()}


def _holds_any(rows: Rows) -> bool:
    """Whether a tensor holds anything: a code that is not 0, a number that is not NaN, pixels."""
    if isinstance(rows, Ragged):
        return bool((rows.values != 0).any())
    values = rows
    if values.dtype.kind == "u":
        return True
    return bool((values != 0).any() if values.dtype.kind == "i" else (~np.isnan(values)).any())
