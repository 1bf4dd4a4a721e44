"""Recall of spans: how many of those that are there are found.

Spans that no tokens can mark count as missed.

Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419
"""

from __future__ import annotations

import numpy as np

from stoker.evaluate.metrics._spans import SpanCounts, SpanMetric


class SpanRecall(SpanMetric):
    """Share of true spans that were answered, label and both ends."""

    title = "Recall of spans"
    place = 144

    @staticmethod
    def fraction(counts: SpanCounts) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each label."""
        return counts.hits, counts.truth
