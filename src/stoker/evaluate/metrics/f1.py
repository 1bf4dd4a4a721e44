"""F1, for one class, averaged over classes, or over all rows.

Written as 2 hits / (true + answered), which needs no case for an empty precision or recall.
How averages treat empty classes is said in `stoker.evaluate.metrics._averaged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from stoker.answers.tallies import ClassTally
from stoker.evaluate.metrics._averaged import AveragedMetric


class F1(AveragedMetric):
    """Harmonic mean of precision and recall."""

    title = "F1"
    place = 50
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "macro": {"average": "macro"},
        "micro": {"average": "micro"},
    }

    @staticmethod
    def fraction(tally: ClassTally) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each class; a hit of a resample counts in both totals."""
        truth_K, answered_K = (
            np.maximum(total_K, tally.hit_K) for total_K in (tally.truth_K, tally.answered_K)
        )
        return 2 * tally.hit_K, truth_K + answered_K
