"""The losses by which candidates are compared: of each row, and their mean.

`classify` is judged by the log loss, `regress` by the squared error of standardised values.  Class
weights play no part here: their logits are shifted back before.
"""

from __future__ import annotations

import numpy as np


def losses_N(output_NK: np.ndarray, target_N: np.ndarray) -> np.ndarray:
    """Loss of each row, float64.

    >>> losses_N(np.array([[0.0, 0.0]]), np.array([1])).round(4).tolist()
    [0.6931]
    >>> losses_N(np.array([[3.0]]), np.array([1.0], np.float32)).tolist()
    [4.0]
    """
    if target_N.dtype.kind != "i":
        return np.square(output_NK[:, 0].astype(np.float64) - target_N)
    output_NK = output_NK - output_NK.max(axis=1, keepdims=True)
    total_N = np.log(np.exp(output_NK).sum(axis=1, dtype=np.float64))
    return total_N - output_NK[np.arange(len(target_N)), target_N]


def loss_of(output_NK: np.ndarray, target_N: np.ndarray) -> float:
    """Mean loss."""
    return float(losses_N(output_NK, target_N).mean())
