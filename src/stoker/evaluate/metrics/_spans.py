"""Shares of spans: what precision, recall and F1 of names and the like have in common.

Spans of all labels are counted together (`micro`), or the mean over labels is taken; a label that
is neither true nor answered in any row is left out of it.  An empty denominator counts as 0, as
scikit-learn's and seqeval's `zero_division=0`.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.tags import TagAnswers
from stoker.evaluate.metrics import Metric, mean_where


class SpanCounts(NamedTuple):
    """Spans of each row and label, float64 (N, T), or of each draw and label, (..., T)."""

    hits: np.ndarray
    truth: np.ndarray
    """Those that no tokens can mark in a column of their own, the last one."""
    answered: np.ndarray


class SpanMetric(Metric[TagAnswers]):
    """A share of spans."""

    takes = TagAnswers
    higher_is_better: ClassVar[bool] = True
    takes_many: ClassVar[bool] = True
    why_undefined: ClassVar[str] = "no span is true or answered in these rows"

    average: Literal["micro", "macro"] = "micro"
    """`micro`: of all spans; `macro`: mean over labels."""

    @staticmethod
    @abstractmethod
    def fraction(counts: SpanCounts) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of each label."""

    def prepare(self, answers: TagAnswers) -> SpanCounts:
        """Spans of each row."""
        return SpanCounts(
            _with_lost(answers.hits_NT),
            _with_lost(answers.truth_NT, answers.lost_N),
            _with_lost(answers.answered_NT),
        )

    def value(self, prepared: SpanCounts, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        counts = SpanCounts(*(draw.weight_N @ part for part in prepared))
        top_T, bottom_T = self.fraction(counts)
        there_T = counts.truth + counts.answered > 0
        if self.average == "micro":
            top, bottom = top_T.sum(axis=-1), bottom_T.sum(axis=-1)
            empty = np.where(there_T.any(axis=-1), 0.0, np.nan)
            return np.divide(top, bottom, out=empty, where=bottom > 0)
        share_T = np.zeros(top_T.shape)
        np.divide(top_T, bottom_T, out=share_T, where=bottom_T > 0)
        return mean_where(share_T, there_T)

    def about(self, num_classes: int | None) -> str:
        """What it is and how labels were put together."""
        how = {"micro": "all labels together", "macro": "mean over labels"}[self.average]
        return f"{super().about(num_classes).rstrip('.')}; {how}."

    def deciding_rows(self, answers: TagAnswers) -> float:
        """The rows in which a span is true or answered."""
        is_there_N = (answers.truth_NT + answers.answered_NT).any(axis=1) | (answers.lost_N > 0)
        return float(is_there_N.sum())


def _with_lost(count_NT: np.ndarray, lost_N: np.ndarray | None = None) -> np.ndarray:
    last_N = np.zeros(len(count_NT)) if lost_N is None else lost_N
    return np.column_stack([count_NT, last_N]).astype(np.float64)
