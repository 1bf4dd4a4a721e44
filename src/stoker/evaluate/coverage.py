"""Whether sets and intervals hold what they promise, on the rows that are scored.

The share of rows whose truth they hold is a plain share, so its exact interval is known.

Source: Clopper & Pearson 1934, https://doi.org/10.2307/2331986
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from stoker.answers.classes import softmax
from stoker.bundle.decision import Decision
from stoker.bundle.regions import members, regions
from stoker.cells.ragged import Rows, values_of
from stoker.evaluate.calibration import uncalibrated
from stoker.evaluate.evaluation import LEVEL, Coverage
from stoker.tasks import FittedTask


def decided(decision: Decision, outputs: Rows, target: Rows, task: FittedTask) -> dict[str, Any]:
    """What an evaluation says of a decision: threshold, aim, coverage and what calibration did."""
    output_NK, target_N = values_of(outputs), values_of(target)
    return {
        "threshold": decision.threshold,
        "aim": decision.aim,
        "coverage": coverage(decision, output_NK, target_N, task),
        "uncalibrated": uncalibrated(decision, output_NK, target_N, task),
    }


def coverage(
    decision: Decision, output_NK: np.ndarray, target_N: np.ndarray, task: FittedTask
) -> Coverage | None:
    """How often its sets or intervals hold the truth; None if it has none.

    Args:
        decision: Of the bundle.
        output_NK: Outputs as the decision adjusted them.
        target_N: Encoded targets.
        task: What is asked of the target.
    """
    if decision.share is not None:
        member_NK = members(softmax(output_NK), decision.share, decision.weights)
        held_N = member_NK[np.arange(len(target_N)), target_N]
        size = float(member_NK.sum(axis=1).mean())
    elif decision.interval is not None:
        low_N, high_N = decision.interval.around(output_NK[:, 0].astype(np.float64))
        held_N = (low_N <= target_N) & (target_N <= high_N)
        ends = regions(output_NK, task, decision)
        size = float(np.mean(ends["high"].to_numpy() - ends["low"].to_numpy()))
    else:
        return None
    hits, rows = int(held_N.sum()), len(held_N)
    low, high = share_interval(hits, rows)
    return Coverage(level=decision.level, value=hits / rows, low=low, high=high, size=size)


def share_interval(hits: int, rows: int) -> tuple[float, float]:
    """The exact 95 % interval of a share.

    >>> [round(end, 3) for end in share_interval(9, 10)]
    [0.555, 0.997]
    """
    tail = (1 - LEVEL) / 2
    log_gamma = np.array([math.lgamma(n + 1) for n in range(rows + 1)])
    log_ways = log_gamma[rows] - log_gamma - log_gamma[::-1]

    def at_least(count: int, share: float) -> float:
        """Chance of at least so many hits, from logarithms of the binomial terms."""
        count_N = np.arange(count, rows + 1)
        log_N = count_N * math.log(share) + (rows - count_N) * math.log1p(-share)
        return float(np.exp(log_ways[count_N] + log_N).sum())

    low = 0.0 if hits == 0 else _solve(partial(at_least, hits), tail)
    high = 1.0 if hits == rows else _solve(partial(at_least, hits + 1), 1 - tail)
    return low, high


def _solve(chance: Callable[[float], float], wanted: float) -> float:
    """The share at which a rising chance is as wanted."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) < wanted else (low, middle)
    return (low + high) / 2
