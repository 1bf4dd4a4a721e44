"""What holds the truth in a stated share of unseen rows: intervals of numbers, sets of classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stoker.answers.classes import softmax
from stoker.bundle.decision import Decision
from stoker.cells.ragged import Rows, values_of
from stoker.tasks import FittedTask


def regions(outputs: Rows, task: FittedTask, decision: Decision) -> dict[str, pa.Array]:
    """Columns beside the answers: `low` and `high` of a number, or `set`, a list of labels.

    Args:
        outputs: Outputs as the decision adjusted them.
        task: What is asked of the target.
        decision: Says how wide they are.

    Returns:
        Nothing where the bundle does not know how wide; it was written before they were measured.
    """
    output_NK = values_of(outputs)
    if decision.interval is not None:
        ends = decision.interval.around(output_NK[:, 0].astype(np.float64))
        low, high = (task.decode(end_N[:, None])["prediction"].combine_chunks() for end_N in ends)
        return {"low": low, "high": high}
    if decision.share is not None and task.labels is not None:
        member_NK = members(softmax(output_NK), decision.share, decision.weights)
        offset = np.concatenate([[0], member_NK.sum(axis=1).cumsum()]).astype(np.int32)
        labels = task.labels.take(pa.array(np.nonzero(member_NK)[1]))
        return {"set": pa.ListArray.from_arrays(pa.array(offset), labels)}
    return {}


def members(
    probability_NK: np.ndarray, share: float, weights: Sequence[float] | None = None
) -> np.ndarray:
    """Which classes belong to the set of each row, bool (N, K).

    The most probable one always does, and so does the one that is answered, which weights move.

    >>> members(np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]]), 0.3).tolist()
    [[True, False, False], [True, True, False]]
    >>> members(np.array([[0.7, 0.3]]), 0.5, (0.2, 0.8)).tolist()
    [[True, True]]
    """
    row_N = np.arange(len(probability_NK))
    member_NK = probability_NK >= share
    member_NK[row_N, probability_NK.argmax(axis=1)] = True
    if weights is not None:
        member_NK[row_N, (probability_NK * np.asarray(weights)).argmax(axis=1)] = True
    return member_NK
