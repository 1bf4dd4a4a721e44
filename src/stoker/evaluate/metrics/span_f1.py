"""F1 of spans: names, amounts and the like, counted whole.

A span whose label or one of whose ends is wrong is missed, and made up besides.

Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from stoker.evaluate.metrics._spans import SpanCounts, SpanMetric


class SpanF1(SpanMetric):
    """Harmonic mean of precision and recall of whole spans."""

    title = "F1 of spans"
    place = 140
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"macro": {"average": "macro"}}

    @staticmethod
    def fraction(counts: SpanCounts) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each label."""
        return 2 * counts.hits, counts.truth + counts.answered
