"""Precision of spans: how far an answered span can be believed.

Undefined where no span is true or answered.

Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419
"""

from __future__ import annotations

import numpy as np

from stoker.evaluate.metrics._spans import SpanCounts, SpanMetric


class SpanPrecision(SpanMetric):
    """Share of answered spans that are right, label and both ends."""

    title = "Precision of spans"
    place = 142
    takes_skill = False

    @staticmethod
    def fraction(counts: SpanCounts) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each label."""
        return counts.hits, counts.answered
