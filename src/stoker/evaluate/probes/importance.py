"""How much worse a model answers when one column is shuffled among the rows.

A column that the model does not use changes nothing; one that another column repeats looks less
important than it is, since the other still tells the answer.  It says what the model leans on, and
not what causes what.

Cost: at most 60,000 answers; of more than 60 columns only those are shuffled that the answers
follow most.  The interval is that of a mean over rows.

Source: Breiman 2001, "Random Forests", section 10; Fisher, Rudin & Dominici 2019, "All Models are
Wrong, but Many are Useful", https://arxiv.org/abs/1801.01489
"""

from __future__ import annotations

import math

import numpy as np

from stoker.cells.ragged import Ragged, rows_at
from stoker.core.value import Value
from stoker.evaluate.probes import Probed
from stoker.evaluate.score import answers_of

MOST_COLUMNS = 60
_MOST_ANSWERS = 60_000
_REPEATS = 3
_FEWEST_ROWS = 20
_BINS = 8
_Z = 1.96


class Importance(Value):
    """One column."""

    column: str
    worse: float
    """By how much log loss rises, or root mean squared error in the target's unit."""
    low: float
    """Lower end of the 95 % interval."""
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0


def importance(subject: Probed) -> tuple[Importance, ...]:
    """Every column with what its shuffling costs, the most important first.

    Empty for fewer than 20 rows or fewer than two columns, where there is nothing to rank.
    """
    if len(subject.target_N) < _FEWEST_ROWS or len(subject.columns) < 2:
        return ()
    names = [name for name in subject.columns if not _is_picture(subject, name)]
    most = max(_FEWEST_ROWS, _MOST_ANSWERS // (_REPEATS * max(1, min(len(names), MOST_COLUMNS))))
    asked = subject.drawn(most, purpose=1)
    if len(names) > MOST_COLUMNS:
        names = sorted(names, key=lambda name: -_followed(asked, name))[:MOST_COLUMNS]
    found = [_of(asked, name, place) for place, name in enumerate(names)]
    return tuple(sorted(found, key=lambda one: -one.worse))


def _of(subject: Probed, name: str, place: int) -> Importance:
    """What shuffling one column costs, over some shuffles."""
    draw = np.random.default_rng((subject.seed, 2, place))
    before_N = subject.answers.loss_N
    after_N = np.zeros_like(before_N)
    for _ in range(_REPEATS):
        shuffled = rows_at(subject.columns[name], draw.permutation(len(before_N)))
        output_NK = subject.outputs_of({**subject.columns, name: shuffled})
        after_N += answers_of(output_NK, subject.target_N, subject.task).loss_N / _REPEATS
    more_N = after_N - before_N
    margin = _Z * float(more_N.std(ddof=1)) / math.sqrt(len(more_N))
    mean, base = float(more_N.mean()), float(before_N.mean())
    as_read = subject.answers.as_read
    worse, low, high = (
        as_read(base + more) - as_read(base) for more in (mean, mean - margin, mean + margin)
    )
    return Importance(column=name, worse=worse, low=low, high=high)


def _is_picture(subject: Probed, name: str) -> bool:
    return name in subject.arrays and subject.arrays[name].ndim > 2


def _followed(subject: Probed, name: str) -> float:
    """How much the outputs differ between equally large groups of a column's values, or lengths."""
    output_NK = subject.output_NK - subject.output_NK.mean(axis=0)
    start_B = np.unique(np.linspace(0, len(output_NK), _BINS, endpoint=False).astype(np.int64))
    column = subject.columns[name]
    value = (column.lengths if isinstance(column, Ragged) else column).reshape(len(output_NK), -1)
    return max(
        float(np.square(np.add.reduceat(output_NK[np.argsort(part_N)], start_B)).sum())
        for part_N in value.T
    )
