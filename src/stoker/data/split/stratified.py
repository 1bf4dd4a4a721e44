"""Divide rows so that every label has the same share in each part."""

from __future__ import annotations

import numpy as np

from stoker.data.split import SplitRows, Splitter
from stoker.data.split._balance import balanced


class Stratified(Splitter):
    """Keep the shares of a label; with groups as well as they allow."""

    needs = "stratify"

    def divide(self, rows: SplitRows, *, test: float, validation: float, seed: int) -> np.ndarray:
        """Parts drawn from the seed, label by label."""
        assert rows.label_N is not None, "the caller gives labels"
        return balanced(rows, rows.label_N, test=test, validation=validation, seed=seed)
