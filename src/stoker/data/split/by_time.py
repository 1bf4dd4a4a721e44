"""Divide rows by time: the oldest train, the newest test.

A model is used on days after those it learned from, and this measures just that.  Rows of one
moment stay together, so that every training row is older than every validation row, and that older
than every test row; a unit of equal or grouped rows stands where its newest row belongs.  Nothing
is random.
"""

from __future__ import annotations

import numpy as np

from stoker.data.split import SplitRows, Splitter


class ByTime(Splitter):
    """Train on the past, test on what came after."""

    needs = "time"

    def divide(self, rows: SplitRows, *, test: float, validation: float, seed: int) -> np.ndarray:
        """Parts by the time of each unit's newest row; the cut is between two moments."""
        assert rows.time_N is not None, "the caller gives times"
        newest_U = np.full(len(rows.key_U), -np.inf)
        np.maximum.at(newest_U, rows.unit_N, rows.time_N)
        _, moment_U = np.unique(newest_U, return_inverse=True)
        size_M = np.bincount(moment_U, weights=rows.size_U)
        middle_M = size_M.cumsum() - size_M / 2
        total = float(size_M.sum())
        is_test_M = middle_M > total * (1 - test)
        is_validation_M = middle_M > total * (1 - test - validation)
        part_M = np.where(is_test_M, 2, np.where(is_validation_M, 1, 0)).astype(np.int8)
        return part_M[moment_U][rows.unit_N]
