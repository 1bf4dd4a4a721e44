"""What stands beside a score for readers: the ends of its interval, and a note."""

from __future__ import annotations

import numpy as np

from stoker.evaluate.evaluation import LEVEL

FEW_ROWS = 30


def ends(
    name: str, value: float, between: tuple[float, float] | None, num_drawn: int
) -> tuple[float, float] | tuple[None, None]:
    """The interval to show, which holds the value; none where resampling cannot move the score.

    All right or all wrong says little about how often the next row is: for accuracy, a share of
    rows, the exact interval is known (Clopper & Pearson 1934, https://doi.org/10.2307/2331986).

    >>> [round(end, 3) for end in ends("accuracy", 1.0, (0.9, 0.99), 50)]
    [0.929, 1.0]
    >>> ends("f1", 1.0, (0.9, 0.99), 50), ends("roc_auc", 1.0, (1.0, 1.0), 50)
    ((0.9, 1.0), (None, None))
    """
    if between is None or between[0] == between[1]:
        return None, None
    if name == "accuracy" and value in (0.0, 1.0):
        edge = ((1 - LEVEL) / 2) ** (1 / num_drawn)
        return (edge, 1.0) if value else (0.0, 1 - edge)
    return min(between[0], value), max(between[1], value)


def note(
    num_rows: int,
    value: float,
    between: tuple[float, float] | None,
    sample_R: np.ndarray,
    few_rows: str | None = None,
) -> str | None:
    """What a reader should know of the interval.

    Args:
        num_rows: Rows that were scored.
        value: The score.
        between: Its interval, None where there is none.
        sample_R: Its draws.
        few_rows: The rows of a rare class that decide it, in words.

    >>> note(500, 0.9, None, np.ones(9), "1 row of 'fraud'")
    "no interval: it rests on 1 row of 'fraud'"
    """
    if not len(sample_R):
        return None
    if few_rows is not None:
        return f"{'no interval: it' if between is None else 'it'} rests on {few_rows}"
    if between is None:
        return "no interval: too few rows of some class"
    if between[0] == between[1] == value:
        return f"none of {num_rows:,} rows differs, so resampling cannot move it"
    if num_rows < FEW_ROWS:
        return f"only {num_rows} rows: the interval is rough"
    return None
