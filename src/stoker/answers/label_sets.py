"""Probabilities of several labels beside true ones, each label for itself.

Cost: O(N K) once and for each draw; memory O(N K).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from stoker.answers import Answers, kept
from stoker.answers.draw import Draw
from stoker.answers.tallies import ClassTally
from stoker.core.errors import ArtifactError

EVEN = 0.5
"""Probability times weight from which on a label is answered."""

_SURE = 40.0
"""Logit of a true label in the best answers."""


class LabelSetAnswers(Answers):
    """Probabilities of several labels beside true ones."""

    of: ClassVar[str] = "label sets"
    glance: ClassVar[str] = "micro_f1"
    glance_rises: ClassVar[bool] = True
    loss_name: ClassVar[str] = "label_log_loss"

    def __init__(
        self,
        output_NK: np.ndarray,
        truth_NK: np.ndarray,
        weights: Sequence[float] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Take logits and which labels are true.

        Args:
            output_NK: Shape (N, K).
            truth_NK: Shape (N, K), 1 where a row has a label.
            weights: A label is answered where its probability times weight is one half or more, one
                weight for all or one each; None: where the probability is.
            names: What the labels are called; by default their places.
        """
        self.output_NK = np.asarray(output_NK, dtype=np.float64)
        self.truth_NK = np.asarray(truth_NK, dtype=bool)
        self.num_rows, self.num_classes = self.output_NK.shape
        self.weights = weights
        self.names = tuple(names) or tuple(map(str, range(self.num_classes)))
        self.probability_NK = sigmoid(self.output_NK)
        worth_NK = self.probability_NK * (1.0 if weights is None else np.asarray(weights))
        self.answer_NK = worth_NK >= EVEN

    def rows(self, place_N: np.ndarray) -> Self:
        """The answers to some rows."""
        some = self.output_NK[place_N], self.truth_NK[place_N]
        return type(self)(*some, self.weights, self.names)

    def at_best(self) -> Self:
        """The true labels, as sure as can be."""
        return type(self)(_SURE * (2.0 * self.truth_NK - 1), self.truth_NK, None, self.names)

    @kept
    def loss_NK(self) -> np.ndarray:
        """Minus the logarithm of the probability of what is true of each label, in nats."""
        return np.logaddexp(0, np.where(self.truth_NK, -self.output_NK, self.output_NK))

    @kept
    def loss_N(self) -> np.ndarray:
        """Its mean over the labels."""
        return self.loss_NK.mean(axis=1)

    @staticmethod
    def as_read(mean_loss: float) -> float:
        """The log loss as it is."""
        return mean_loss

    def at_a_glance(self) -> float:
        """F1 over all pairs of row and label; NaN where no label is true or answered."""
        both = int(self.truth_NK.sum()) + int(self.answer_NK.sum())
        return 2 * int((self.truth_NK & self.answer_NK).sum()) / both if both else float("nan")

    @property
    def distance_N(self) -> np.ndarray:
        """The log loss of each row."""
        return self.loss_N

    @kept
    def wrong_NK(self) -> np.ndarray:
        """Whether a label is missed, or answered without being true."""
        return self.truth_NK != self.answer_NK

    @property
    def wrong_N(self) -> np.ndarray:
        """Whether any label is wrong."""
        return self.wrong_NK.any(axis=1)

    @property
    def score_N(self) -> np.ndarray:
        """1 where all labels are right, 0 elsewhere."""
        return (~self.wrong_N).astype(np.float64)

    @property
    def belief_NK(self) -> np.ndarray:
        """The probabilities."""
        return self.probability_NK

    def told(self, row: int) -> tuple[str | float, str | float, float | None]:
        """Names of the true and the answered labels."""
        return self._listed(self.truth_NK[row]), self._listed(self.answer_NK[row]), None

    def _listed(self, is_set_K: np.ndarray) -> str:
        return ", ".join(self.names[place] for place in np.flatnonzero(is_set_K)) or "no label"

    def tally(self, draw: Draw) -> ClassTally:
        """Rows of each label in the draw."""
        return draw.once(self, "tally", lambda: self._tally(draw))

    def _tally(self, draw: Draw) -> ClassTally:
        weight_N = draw.weight_N
        return ClassTally(
            hit_K=weight_N @ self._hit_NK,
            truth_K=weight_N @ self.truth_NK.astype(np.float64),
            answered_K=weight_N @ self.answer_NK.astype(np.float64),
        )

    @kept
    def _hit_NK(self) -> np.ndarray:
        return (self.truth_NK & self.answer_NK).astype(np.float64)


def sigmoid(output_NK: np.ndarray) -> np.ndarray:
    """Probabilities of logits, each for itself, as float32.

    Raises:
        ArtifactError: If a logit is NaN.

    >>> sigmoid(np.array([[0.0, 1000.0, -1000.0]])).tolist()
    [[0.5, 1.0, 0.0]]
    """
    if np.isnan(output_NK).any():
        row = int(np.flatnonzero(np.isnan(output_NK).any(axis=1))[0])
        raise ArtifactError(
            f"the model's output for row {row} is not a number",
            expected="finite outputs",
            fix="the weights or an input are damaged; verify the bundle, then look at that row",
        )
    wide_NK = np.clip(output_NK.astype(np.float64), -700, 700)
    return (1 / (1 + np.exp(-wide_NK))).astype(np.float32)
