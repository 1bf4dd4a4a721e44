"""Class probabilities beside true classes.

Cost: O(K N log N) once for rankings of K classes, then O(K N) for a draw; memory O(K N).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from stoker.answers import Answers, kept
from stoker.answers.draw import Draw
from stoker.answers.tallies import Cells, ClassTally, Ranking, RankTally
from stoker.core.errors import ArtifactError

_SURE = 40.0
"""Logit of the right class in the best answers."""


class ClassAnswers(Answers):
    """Class probabilities beside true classes."""

    of: ClassVar[str] = "classes"
    glance: ClassVar[str] = "accuracy"
    glance_rises: ClassVar[bool] = True
    loss_name: ClassVar[str] = "log_loss"

    def __init__(
        self,
        output_NK: np.ndarray,
        truth_N: np.ndarray,
        weights: Sequence[float] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Take logits (or log-probabilities; any offset of a row cancels) and class codes.

        Args:
            output_NK: Shape (N, K).
            truth_N: Shape (N,).
            weights: The class with the largest probability times weight is the answer; None: the
                most probable one.
            names: What the classes are called; by default their codes.
        """
        output_NK = np.asarray(output_NK, dtype=np.float64)
        shifted_NK = output_NK - output_NK.max(axis=1, keepdims=True)
        self.truth_N = np.asarray(truth_N, dtype=np.int64)
        self.num_rows, self.num_classes = output_NK.shape
        self.log_probability_NK = shifted_NK - np.log(np.exp(shifted_NK).sum(axis=1, keepdims=True))
        self.weights = weights
        self.names = tuple(names) or tuple(map(str, range(self.num_classes)))
        worth_NK = output_NK if weights is None else output_NK + np.log(weights)
        self.answer_N = worth_NK.argmax(axis=1)

    def rows(self, place_N: np.ndarray) -> Self:
        """The answers to some rows."""
        output_NK, truth_N = self.log_probability_NK[place_N], self.truth_N[place_N]
        return type(self)(output_NK, truth_N, self.weights, self.names)

    def at_best(self) -> Self:
        """The true classes, as sure as can be."""
        return type(self)(_SURE * np.eye(self.num_classes)[self.truth_N], self.truth_N)

    @kept
    def probability_NK(self) -> np.ndarray:
        """Probability of each class, float64."""
        return np.exp(self.log_probability_NK)

    @kept
    def hit_N(self) -> np.ndarray:
        """Whether the answered class is the true one; the first class wins a tie."""
        return self.answer_N == self.truth_N

    @kept
    def confidence_N(self) -> np.ndarray:
        """Probability of the answered class."""
        return self.probability_NK[np.arange(self.num_rows), self.answer_N]

    def at_a_glance(self) -> float:
        """Share of right answers."""
        return float(self.hit_N.mean())

    @kept
    def loss_N(self) -> np.ndarray:
        """Minus the logarithm of the true class's probability, in nats."""
        return -self.log_probability_NK[np.arange(self.num_rows), self.truth_N]

    @staticmethod
    def as_read(mean_loss: float) -> float:
        """The log loss as it is."""
        return mean_loss

    @property
    def distance_N(self) -> np.ndarray:
        """The log loss of each row."""
        return self.loss_N

    @property
    def wrong_N(self) -> np.ndarray:
        """Whether another class than the true one was answered."""
        return ~self.hit_N

    @property
    def score_N(self) -> np.ndarray:
        """1 for a right answer, 0 for a wrong one."""
        return self.hit_N.astype(np.float64)

    @property
    def belief_NK(self) -> np.ndarray:
        """The probabilities."""
        return self.probability_NK

    def told(self, row: int) -> tuple[str | float, str | float, float | None]:
        """Names of the true and the answered class, and the probability of the latter."""
        truth, answer = self.names[self.truth_N[row]], self.names[self.answer_N[row]]
        return truth, answer, float(self.confidence_N[row])

    @kept
    def ranked_classes(self) -> range:
        """Classes that rankings are made for: only the second of two, as the other mirrors it."""
        return range(1, 2) if self.num_classes == 2 else range(self.num_classes)

    @kept
    def _cells(self) -> Cells:
        return Cells(self.truth_N, self.answer_N, self.num_classes)

    @kept
    def _ranking(self) -> Ranking:
        own = [np.flatnonzero(self.truth_N == one) for one in self.ranked_classes]
        return Ranking(self.probability_NK, self.ranked_classes, own)

    @kept
    def _is_true_K(self) -> np.ndarray:
        """Whether a class is true anywhere."""
        return np.bincount(self.truth_N, minlength=self.num_classes) > 0

    @kept
    def _is_answered_K(self) -> np.ndarray:
        """Whether a class is answered anywhere; if not, nothing is known of such answers."""
        return np.bincount(self.answer_N, minlength=self.num_classes) > 0

    def tally(self, draw: Draw) -> ClassTally:
        """Rows of each class in the draw, with about a pseudo-row right and one wrong in all.

        A class of three or more that is never answered counts as 0 in a mean over classes, and
        would count as something among more rows; a quarter of the draws have it that way.
        """
        shape = 1 / self.num_classes
        return draw.once(self, "tally", lambda: self._smooth_tally(draw, shape, doubts=True))

    def class_tally(self, draw: Draw) -> ClassTally:
        """The same for looking at each class by itself: half a pseudo-row of each kind."""
        return draw.once(self, "class_tally", lambda: self._smooth_tally(draw, 0.5))

    def _smooth_tally(self, draw: Draw, shape: float, *, doubts: bool = False) -> ClassTally:
        tally = draw.once(self, "cells", lambda: self._cells.tally(draw))
        if draw.noise is None:
            return tally
        hit_K, missed_K, wrong_K = draw.pseudo_3K(self.num_classes, shape)
        is_answered_K = self._is_answered_K
        if doubts and self.num_classes > 2:
            # Hits and missed rows are drawn alike, so one is the larger in half of the draws; those
            # of other classes have nothing to do with this one's.  With half of the draws 98.7 % of
            # intervals held, with none 88 % (`benchmarks/bench_intervals.py`, table `many`).
            is_larger_K = missed_K > hit_K
            both_K = np.roll(is_larger_K, 1, axis=-1) & np.roll(is_larger_K, 2, axis=-1)
            is_answered_K = is_answered_K | both_K
        return ClassTally(
            hit_K=tally.hit_K + hit_K * (self._is_true_K | self._is_answered_K),
            truth_K=tally.truth_K + (hit_K + missed_K) * self._is_true_K,
            answered_K=tally.answered_K + (hit_K + wrong_K) * is_answered_K,
        )

    def rank_tally(self, draw: Draw) -> RankTally:
        """Rows of the draw by groups of equal score."""
        return draw.once(self, "rank_tally", lambda: self._ranking.tally(draw))


def softmax(output_NK: np.ndarray) -> np.ndarray:
    """Probabilities of logits as float32, each row summing to 1.

    Raises:
        ArtifactError: If a logit is NaN.

    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]], dtype=float32)
    """
    peak_N1 = output_NK.max(axis=1, keepdims=True)
    if np.isnan(peak_N1).any():
        row = int(np.flatnonzero(np.isnan(peak_N1))[0])
        raise ArtifactError(
            f"the model's output for row {row} is not a number",
            expected="finite outputs",
            fix="the weights or an input are damaged; verify the bundle, then look at that row",
        )
    power_NK = np.exp((output_NK - peak_N1).astype(np.float64))
    return (power_NK / power_NK.sum(axis=1, keepdims=True)).astype(np.float32)
