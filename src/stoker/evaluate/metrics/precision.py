"""Precision, for one class, averaged over classes, or over all rows.

How far an answer can be believed.  Undefined for a class that is never answered.
How averages treat empty classes is said in `stoker.evaluate.metrics._averaged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from stoker.answers.tallies import ClassTally
from stoker.evaluate.metrics._averaged import AveragedMetric


class Precision(AveragedMetric):
    """Share of rows answered with a class that are of it."""

    title = "Precision"
    takes_skill = False
    place = 30
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"macro": {"average": "macro"}}

    @staticmethod
    def fraction(tally: ClassTally) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each class."""
        return tally.hit_K, tally.answered_K
