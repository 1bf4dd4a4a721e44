"""Divide rows at random."""

from __future__ import annotations

import numpy as np

from stoker.data.split import SplitRows, Splitter
from stoker.data.split._balance import balanced


class Random(Splitter):
    """Every row has the same chance; equal rows stay together."""

    def divide(self, rows: SplitRows, *, test: float, validation: float, seed: int) -> np.ndarray:
        """Parts drawn from the seed, of the right size."""
        same_N = np.zeros(len(rows.unit_N), np.int64)
        return balanced(rows, same_N, test=test, validation=validation, seed=seed)
