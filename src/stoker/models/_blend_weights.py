"""How much of each candidate: weights that lower the loss of their average on rows left out.

Greedy selection with repeats: begin with the best candidate, add the one that lowers the loss of
the average most, again and again, one may be added many times; keep the average of least loss on
the way.  A weight is how often a candidate was added.  It cannot do worse than the best candidate
on those rows, and it barely fits to them: there are some twenty steps and no real parameter.

Averaged are logits, or standardised values, because a graph can add those up.

Cost: one pass over the rows for each step and candidate.

Source: Caruana et al. 2004, "Ensemble selection from libraries of models",
https://doi.org/10.1145/1015330.1015432
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stoker.models._row_losses import loss_of

STEPS = 20
_LEAST_GAIN = 1e-3
"""Share of the loss that one more candidate must save to be worth its place in the graph."""


def choose_weights(outputs: Sequence[np.ndarray], target_N: np.ndarray) -> np.ndarray:
    """Weight of each candidate, summing to 1.

    Args:
        outputs: Outputs (N, K) of each candidate for the same rows.
        target_N: Encoded targets.

    >>> right, wrong = np.array([[3.0], [-3.0]]), np.array([[-3.0], [3.0]])
    >>> choose_weights([wrong, right], np.array([3.0, -3.0], np.float32)).tolist()
    [0.0, 1.0]
    """
    count_C = _greedy(outputs, target_N, range(len(outputs)))
    while (found := _dispensable(outputs, target_N, count_C)) is not None:
        kept = [c for c in np.flatnonzero(count_C).tolist() if c != found]
        count_C = _greedy(outputs, target_N, kept)
    return count_C / count_C.sum()


def _greedy(
    outputs: Sequence[np.ndarray], target_N: np.ndarray, allowed: Sequence[int]
) -> np.ndarray:
    """How often each candidate was added when the average was best."""
    total_NK = np.zeros_like(outputs[0], dtype=np.float64)
    count_C, best_C = np.zeros(len(outputs)), np.zeros(len(outputs))
    least = np.inf
    for step in range(1, STEPS + 1):
        losses = {c: loss_of((total_NK + outputs[c]) / step, target_N) for c in allowed}
        chosen = min(losses, key=lambda c: losses[c])
        total_NK += outputs[chosen]
        count_C[chosen] += 1
        if losses[chosen] < least * (1 - 1e-9):
            least, best_C = losses[chosen], count_C.copy()
    return best_C


def _dispensable(
    outputs: Sequence[np.ndarray], target_N: np.ndarray, count_C: np.ndarray
) -> int | None:
    """The member without which the average is hardly worse, if there is one."""
    members = np.flatnonzero(count_C).tolist()
    if len(members) < 2:
        return None

    def loss_without(out: int | None) -> float:
        kept = [c for c in members if c != out]
        return loss_of(average([outputs[c] for c in kept], count_C[kept]), target_N)

    whole = loss_without(None)
    losses = {c: loss_without(c) for c in members}
    least = min(losses, key=lambda c: losses[c])
    return least if losses[least] <= whole * (1 + _LEAST_GAIN) else None


def average(outputs: Sequence[np.ndarray], weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """The weighted mean of outputs, float64.

    >>> average([np.array([[0.0]]), np.array([[4.0]])], [3, 1]).tolist()
    [[1.0]]
    """
    total_NK = np.zeros_like(outputs[0], dtype=np.float64)
    for output_NK, weight in zip(outputs, weights, strict=True):
        total_NK += weight * output_NK
    return total_NK / float(np.sum(weights))
