"""The losses by which candidates are compared: of each row, and their mean.

`classify` is judged by the log loss, `regress` by the squared error of standardised values.  Class
weights play no part here: their logits are shifted back before.
"""

from __future__ import annotations

import numpy as np

from stoker.tasks import FittedTask

_FEWEST_TELLING = 10


def losses_N(output_NK: np.ndarray, target_N: np.ndarray) -> np.ndarray:
    """Loss of each row, float64; for targets (N, K) the mean over the labels.

    >>> losses_N(np.array([[0.0, 0.0]]), np.array([1])).round(4).tolist()
    [0.6931]
    >>> losses_N(np.array([[3.0]]), np.array([1.0], np.float32)).tolist()
    [4.0]
    """
    if target_N.ndim == 2:
        wide_NK = output_NK.astype(np.float64)
        return np.logaddexp(0, np.where(target_N, -wide_NK, wide_NK)).mean(axis=1)
    if target_N.dtype.kind != "i":
        return np.square(output_NK[:, 0].astype(np.float64) - target_N)
    output_NK = output_NK - output_NK.max(axis=1, keepdims=True)
    total_N = np.log(np.exp(output_NK).sum(axis=1, dtype=np.float64))
    return total_N - output_NK[np.arange(len(target_N)), target_N]


def loss_of(output_NK: np.ndarray, target_N: np.ndarray) -> float:
    """Mean loss."""
    return float(losses_N(output_NK, target_N).mean())


def is_clear(fell_N: np.ndarray) -> bool:
    """Whether losses fell by more than chance, row by row, with 95 % certainty.

    Fewer than 10 rows can not tell: a single one has no spread and would always be sure.

    >>> falls = np.tile([0.1, 0.2, 0.1, 0.3], 3)
    >>> [is_clear(found) for found in (falls, falls[:9], falls - 0.15)]
    [True, False, False]
    """
    error = float(fell_N.std()) / len(fell_N) ** 0.5
    return len(fell_N) >= _FEWEST_TELLING and bool(fell_N.mean() > 1.96 * error)


def scored(loss_M: np.ndarray, task: FittedTask) -> tuple[float, float, float]:
    """The mean of losses as people read it, and the ends of its 95 % interval.

    >>> from stoker.tasks.regress import FittedRegress
    >>> scored(np.array([4.0, 4.0]), FittedRegress(mean=0, std=3, low=0, high=9))
    (6.0, 6.0, 6.0)
    """
    half = 1.96 * float(loss_M.std()) / len(loss_M) ** 0.5
    ends = [task.loss_as_read(max(0.0, float(loss_M.mean()) + part)) for part in (0.0, -half, half)]
    score, low, high = (float(f"{end:.6g}") for end in ends)
    return score, low, high
