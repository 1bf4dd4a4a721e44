"""The worst mistakes: the rows a person should look at first.

For classes, the wrong answers whose true class got the least probability; for numbers, the largest
distances.  Looking at these finds wrong labels and broken inputs sooner than any metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stoker.cells.ragged import Rows
from stoker.evaluate.score import answers_of
from stoker.tasks import FittedTask


@dataclass(frozen=True)
class WorstRow:
    """A row that was answered badly."""

    index: int
    """Position in the set that was scored, from 0."""
    truth: str | float
    prediction: str | float
    confidence: float | None
    """Probability of the wrong class; None for numbers."""


def worst_rows(
    outputs: Rows,
    target: Rows,
    task: FittedTask,
    weights: Sequence[float] | None = None,
    *,
    limit: int = 24,
) -> list[WorstRow]:
    """The worst answered rows, worst first; fewer than `limit` if there are fewer mistakes.

    Args:
        outputs: Outputs of the model.
        target: Encoded targets.
        task: What is asked of the target.
        weights: Of the answer; see `Decision`.
        limit: Most rows.

    Raises:
        DataError: If there are no rows, lengths differ, or an output is not a finite number.
    """
    answers = answers_of(outputs, target, task, weights)
    wrong = np.flatnonzero(answers.wrong_N)
    worst = wrong[np.argsort(-answers.distance_N[wrong], kind="stable")][:limit]
    return [WorstRow(int(row), *answers.told(row)) for row in worst]
