"""Recall, for one class, averaged over classes, or over all rows.

How much of a class is found.  Undefined for a class without rows.
How averages treat empty classes is said in `stoker.evaluate.metrics._averaged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from stoker.answers.tallies import ClassTally
from stoker.evaluate.metrics._averaged import AveragedMetric


class Recall(AveragedMetric):
    """Share of rows of a class that were answered with it."""

    title = "Recall"
    takes_skill = False
    place = 40
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"macro": {"average": "macro"}}

    @staticmethod
    def fraction(tally: ClassTally) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each class."""
        return tally.hit_K, tally.truth_K
