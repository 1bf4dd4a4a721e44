"""Expected calibration error: how far confidence is from being right that often.

Definition used: rows are put into 15 bins of equal width by the probability of the *answered*
class (its confidence), the first bin closed on both sides, each other one open below and closed
above; the error is the mean over rows of |share answered right - mean confidence| of their bin.

It depends on the bins and is biased upwards on few rows: compare models on the same rows only.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2,
https://arxiv.org/abs/1706.04599
"""

from __future__ import annotations

import numpy as np

from stoker.evaluate.answers import ClassAnswers, Draw
from stoker.evaluate.metrics import Metric

NUM_BINS = 15


def bin_of(share_N: np.ndarray) -> np.ndarray:
    """The bin, 0 to 14, of each number in [0, 1].

    >>> bin_of(np.array([0.0, 1 / 15, 0.5, 1.0])).tolist()
    [0, 0, 7, 14]
    """
    return np.searchsorted(np.linspace(0, 1, NUM_BINS + 1)[1:-1], share_N, side="left")


class Ece(Metric[ClassAnswers]):
    """Mean gap between confidence and share right, over 15 bins of confidence."""

    kind = "classify"
    title = "Calibration error (ECE)"
    takes_skill = False
    place = 100
    higher_is_better = False

    def prepare(self, answers: ClassAnswers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows sorted by bin, right (1 or 0) minus confidence of each, first row of each bin."""
        bin_N = bin_of(answers.confidence_N)
        order_N = np.argsort(bin_N, kind="stable")
        _, first_B = np.unique(bin_N[order_N], return_index=True)
        return order_N, (answers.hit_N - answers.confidence_N)[order_N], first_B

    def value(self, prepared: tuple[np.ndarray, np.ndarray, np.ndarray], draw: Draw) -> float:
        """A number in [0, 1]; 0 is perfectly calibrated."""
        order_N, gap_N, first_B = prepared
        gap_B = np.add.reduceat(draw.count_N.take(order_N) * gap_N, first_B)
        return float(np.abs(gap_B).sum()) / draw.total
