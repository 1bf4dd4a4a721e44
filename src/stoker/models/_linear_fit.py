"""Fit the weights of a linear model for a row of penalties, from the strongest to the weakest.

Squared error or cross entropy plus a ridge penalty, by L-BFGS whose first guess of the curvature is
the inverse of the exact one at equal probabilities.  For squared error this guess is right and one
step is enough; for classes some five to ten are.  Each penalty starts where the one before ended.

With fewer rows than weights everything is done in as many directions as there are rows, which
changes no answer: the ridge solution lies in the span of the rows.  With more than 600 weights and
rows the guess is the diagonal alone, and more steps are taken.

Cost: one product of the design with itself, then two passes over it a step.

Source: Liu & Nocedal 1989, "On the limited memory BFGS method",
https://doi.org/10.1007/BF01589116; Boehning 1992, "Multinomial logistic regression algorithm".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stoker.models._design import Design

MOST_SQUARED = 600
"""Weights up to which curvature is inverted as a whole."""
_STEPS = 60
_MEMORY = 8
_SMALL = 1e-5
_MANY_ROWS = 20_000
_ENOUGH, _ENOUGH_OF_MANY = 1e-9, 1e-6
"""Share of the loss that a step must still gain; chance moves the loss of many rows by more."""


@dataclass(frozen=True)
class Fitted:
    """Weights of one penalty."""

    weight_WK: np.ndarray
    bias_K: np.ndarray

    def outputs(self, design: Design) -> np.ndarray:
        """Outputs (N, K), float64."""
        return design.times(self.weight_WK) + self.bias_K


def fit_path(
    design: Design,
    target_NK: np.ndarray,
    weight_N: np.ndarray | None,
    penalties: Sequence[float],
    *,
    classes: bool,
) -> list[Fitted]:
    """Weights for each penalty.

    Args:
        design: Rows to learn from.
        target_NK: One-hot classes, or standardised values with K = 1.
        weight_N: Weight of each row, None where all count alike.
        penalties: In rows: how many rows' worth of doubt each weight is held back by; falling.
        classes: Whether targets are classes.
    """
    num_rows = len(design)
    share_N1 = np.full((num_rows, 1), 1 / num_rows)
    if weight_N is not None:
        share_N1 = (weight_N / weight_N.sum())[:, None]
    problem = _Problem(design, target_NK, share_N1, classes)
    found, start = [], problem.start()
    for penalty in penalties:
        start = problem.solve(penalty / num_rows, start)
        found.append(Fitted(problem.weights(start[:-1]), start[-1]))
    return found


class _Problem:
    """One design and target; weights are solved for in its own directions, bias last."""

    def __init__(
        self, design: Design, target_NK: np.ndarray, share_N1: np.ndarray, classes: bool
    ) -> None:
        self._design, self._target, self._share = design, target_NK, share_N1
        self._classes = classes
        self._turn: np.ndarray | None = None
        self._rows: np.ndarray | None = None
        num_rows, num_weights = len(design), design.num_weights
        mean_K = (share_N1 * target_NK).sum(axis=0)
        self._mean = mean_K
        self._curve = float(np.mean(mean_K * (1 - mean_K))) if classes else 1.0
        self._square: np.ndarray | None = None
        if num_rows < num_weights and num_rows <= MOST_SQUARED:
            self._shrink()
        elif num_weights <= MOST_SQUARED:
            self._square = self._bordered(design.square / num_rows)
        else:
            ones_N1 = np.ones((num_rows, 1))
            dense_B = np.square(design.dense_NB).mean(axis=0, dtype=np.float64)
            count_W = design.transposed_times(ones_N1)[:, 0] / num_rows
            self._diagonal = np.concatenate([dense_B, count_W[len(dense_B) :]])

    def _shrink(self) -> None:
        """Go over to directions in the span of the rows."""
        design = self._design
        product_NN = (design.dense_NB @ design.dense_NB.T).astype(np.float64)
        for code_N in design.code_NC.T:
            product_NN += code_N[:, None] == code_N[None, :]
        value_R, vector_NR = np.linalg.eigh(product_NN)
        keep = value_R > max(value_R[-1], 1.0) * 1e-9
        length_R = np.sqrt(value_R[keep])
        self._rows = vector_NR[:, keep] * length_R
        self._turn = design.transposed_times(vector_NR[:, keep] / length_R)
        self._square = self._bordered(self._rows.T @ self._rows / len(design))

    def _bordered(self, square_WW: np.ndarray) -> np.ndarray:
        """The curvature with a last row and column for the bias."""
        ones_N1 = np.full((len(self._design), 1), 1 / len(self._design))
        mean_W = self._transposed_times(ones_N1)[:, 0]
        return np.block([[square_WW, mean_W[:, None]], [mean_W[None, :], np.ones((1, 1))]])

    def _times(self, weight_WK: np.ndarray) -> np.ndarray:
        return self._design.times(weight_WK) if self._rows is None else self._rows @ weight_WK

    def _transposed_times(self, value_NK: np.ndarray) -> np.ndarray:
        if self._rows is None:
            return self._design.transposed_times(value_NK)
        return self._rows.T @ value_NK

    def weights(self, found_WK: np.ndarray) -> np.ndarray:
        """Weights of the design's own columns."""
        return found_WK if self._turn is None else self._turn @ found_WK

    def start(self) -> np.ndarray:
        """No weight, and the bias that is best without any, (W + 1, K)."""
        width = self._design.num_weights if self._rows is None else self._rows.shape[1]
        bias_K = self._mean
        if self._classes:
            bias_K = np.log(np.maximum(self._mean, 1e-9))
            bias_K = bias_K - bias_K.mean()
        return np.concatenate([np.zeros((width, len(bias_K))), bias_K[None]])

    def solve(self, penalty: float, start: np.ndarray) -> np.ndarray:
        """Weights and bias of the least loss."""

        def loss_and_slope(found: np.ndarray) -> tuple[float, np.ndarray]:
            weight_WK, bias_K = found[:-1], found[-1]
            loss, error_NK = self._loss(self._times(weight_WK) + bias_K)
            slope = np.empty_like(found)
            slope[:-1] = self._transposed_times(error_NK) + penalty * weight_WK
            slope[-1] = error_NK.sum(axis=0)
            return loss + penalty / 2 * float(np.square(weight_WK).sum()), slope

        enough = _ENOUGH if len(self._design) < _MANY_ROWS else _ENOUGH_OF_MANY
        return minimise(loss_and_slope, start, self._guess(penalty), enough=enough)

    def _loss(self, output_NK: np.ndarray) -> tuple[float, np.ndarray]:
        if not self._classes:
            error_NK = output_NK - self._target
            return float((self._share * np.square(error_NK)).sum()) / 2, self._share * error_NK
        output_NK = output_NK - output_NK.max(axis=1, keepdims=True)
        power_NK = np.exp(output_NK)
        total_N1 = power_NK.sum(axis=1, keepdims=True)
        log_NK = output_NK - np.log(total_N1)
        loss = -float((self._share * self._target * log_NK).sum())
        return loss, self._share * (power_NK / total_N1 - self._target)

    def _guess(self, penalty: float) -> Callable[[np.ndarray], np.ndarray]:
        """Multiplication with about the inverse of the curvature."""
        if self._square is None:
            inverse_W = 1 / (self._curve * self._diagonal + penalty)
            inverse_W1 = np.concatenate([inverse_W, [1 / self._curve]])[:, None]
            return lambda slope: slope * inverse_W1
        curve_WW = self._curve * self._square
        curve_WW[np.diag_indices_from(curve_WW)] += penalty
        curve_WW[-1, -1] += 1e-9 - penalty
        inverse_WW = np.linalg.inv(curve_WW)
        return lambda slope: inverse_WW @ slope


def minimise(
    loss_and_slope: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    guess: Callable[[np.ndarray], np.ndarray],
    *,
    enough: float = 1e-9,
) -> np.ndarray:
    """The place of the least loss of a smooth convex function, by L-BFGS.

    >>> target = np.array([1.0, -2.0])
    >>> minimise(lambda x: (float(((x - target) ** 2).sum()), 2 * (x - target)), target * 0,
    ...          lambda slope: slope / 2).tolist()
    [1.0, -2.0]
    """
    place, (loss, slope) = start, loss_and_slope(start)
    first = float(np.abs(slope).max())
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(_STEPS):
        if float(np.abs(slope).max()) <= _SMALL * min(first, 1.0) + 1e-12:
            break
        direction = -_two_loops(slope, pairs, guess)
        found = _line(loss_and_slope, place, loss, slope, direction)
        if found is None:
            break
        new_place, new_loss, new_slope = found
        step, change = new_place - place, new_slope - slope
        if (product := float((step * change).sum())) > 1e-18:
            pairs = [*pairs[-_MEMORY + 1 :], (step, change, 1 / product)]
        done = loss - new_loss <= enough * max(abs(loss), 1e-3)
        place, loss, slope = new_place, new_loss, new_slope
        if done:
            break
    return place


def _two_loops(
    slope: np.ndarray,
    pairs: list[tuple[np.ndarray, np.ndarray, float]],
    guess: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    turned, factors = slope, []
    for step, change, scale in reversed(pairs):
        factor = scale * float((step * turned).sum())
        factors.append(factor)
        turned = turned - factor * change
    turned = guess(turned)
    for (step, change, scale), factor in zip(pairs, reversed(factors), strict=True):
        turned = turned + (factor - scale * float((change * turned).sum())) * step
    return turned


def _line(
    loss_and_slope: Callable[[np.ndarray], tuple[float, np.ndarray]],
    place: np.ndarray,
    loss: float,
    slope: np.ndarray,
    direction: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """The first of shorter and shorter steps that lowers the loss enough; None if none does."""
    wished = 1e-4 * float((slope * direction).sum())
    length = 1.0
    for _ in range(20):
        new_place = place + length * direction
        new_loss, new_slope = loss_and_slope(new_place)
        if new_loss <= loss + length * wished:
            return new_place, new_loss, new_slope
        length /= 2
    return None
