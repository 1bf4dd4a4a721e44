"""Divide groups at random: all rows of a writer, a patient or a shop stand in one part.

Groups are already united when a splitter sees the rows, so this is `random` over them, and labels
are kept in balance as well as whole groups allow if the recipe names `stratify` too.
"""

from __future__ import annotations

import numpy as np

from stoker.data.split import SplitRows, Splitter
from stoker.data.split._balance import balanced


class ByGroup(Splitter):
    """Test on groups that training never saw."""

    needs = "group"

    def divide(self, rows: SplitRows, *, test: float, validation: float, seed: int) -> np.ndarray:
        """Parts drawn from the seed, large groups first."""
        label_N = np.zeros(len(rows.unit_N), np.int64) if rows.label_N is None else rows.label_N
        return balanced(rows, label_N, test=test, validation=validation, seed=seed)
