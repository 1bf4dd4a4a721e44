"""Rows of a draw by class and by score, which metrics of classes share.

What is dear (sorting) is done once for a set of answers; a draw costs a gather and some running
sums, whatever the number of classes.

Shapes, with a first axis of R resamples where a draw has many: N rows, K classes, C ranked classes
(1 if K is 2, else K), M = C N, P pairs of (true class, answer) that occur, G groups of rows with
one score among which is a row of the ranked class, over all ranked classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stoker.answers.draw import Draw


@dataclass(frozen=True)
class ClassTally:
    """Rows of each class in a draw; all that metrics of hard decisions need."""

    hit_K: np.ndarray
    """Rows of the class that were answered with it."""
    truth_K: np.ndarray
    """Rows whose true class it is."""
    answered_K: np.ndarray
    """Rows that were answered with it."""


@dataclass(frozen=True)
class RankTally:
    """Rows of a draw by score, best first, ranked classes end to end.

    Only scores that some row of the ranked class has are listed, as curves and areas change their
    direction there alone; a score that rows of other classes have too is one group (a tie).
    """

    own_G: np.ndarray
    """Rows of the ranked class with this score."""
    own_above_G: np.ndarray
    """Rows of the ranked class with a better score."""
    other_G: np.ndarray
    """Rows of other classes with this score."""
    other_above_G: np.ndarray
    """Rows of other classes with a better score."""
    first_C: np.ndarray
    """First group of each ranked class that occurs."""
    own_C: np.ndarray
    """Rows of each ranked class that occurs."""
    total: np.ndarray
    """All rows of the draw."""


class Cells:
    """Rows sorted by (true class, answer), so that a draw's confusion is one gather and one sum."""

    def __init__(self, truth_N: np.ndarray, answer_N: np.ndarray, num_classes: int) -> None:
        """Sort the rows."""
        cell_N = truth_N * num_classes + answer_N
        self._order_N = np.argsort(cell_N, kind="stable")
        cell_P, self._start_P = np.unique(cell_N[self._order_N], return_index=True)
        self._truth_P, self._answer_P = np.divmod(cell_P, num_classes)
        self._size = num_classes

    def tally(self, draw: Draw) -> ClassTally:
        """Rows of each class in the draw."""
        ordered_N = draw.count_N.take(self._order_N, axis=-1)
        rows_P = np.add.reduceat(ordered_N, self._start_P, axis=-1)
        is_hit_P = self._truth_P == self._answer_P
        hit_K = np.zeros((*rows_P.shape[:-1], self._size))
        hit_K[..., self._truth_P[is_hit_P]] = rows_P[..., is_hit_P]
        return ClassTally(
            hit_K=hit_K,
            truth_K=self._summed(rows_P, self._truth_P),
            answered_K=self._summed(rows_P, self._answer_P),
        )

    def _summed(self, rows_P: np.ndarray, class_P: np.ndarray) -> np.ndarray:
        """Rows of each class, of pairs that have a class each."""
        order_P = np.argsort(class_P, kind="stable")
        found, first = np.unique(class_P[order_P], return_index=True)
        sum_K = np.zeros((*rows_P.shape[:-1], self._size))
        sum_K[..., found] = np.add.reduceat(rows_P[..., order_P], first, axis=-1)
        return sum_K


class Ranking:
    """Rows sorted by falling probability for each ranked class, equal probabilities grouped.

    All classes lie end to end in one flat array, so that a draw is one gather and one running sum,
    whatever the number of classes.  The groups that matter are at most as many as rows and classes
    go together, N where a row is of one class, and all else costs O(N).
    """

    def __init__(
        self, probability_NK: np.ndarray, ranked_classes: range, own: Sequence[np.ndarray]
    ) -> None:
        """Sort the rows once for each ranked class.

        Args:
            probability_NK: Or any number that rises with it.
            ranked_classes: Columns to rank rows by.
            own: Rows of each of them, rising.
        """
        parts = [
            _rank_one(probability_NK[:, one], mine_N)
            for one, mine_N in zip(ranked_classes, own, strict=True)
        ]
        num_rows = len(probability_NK)
        self._order_M = np.concatenate([part.order_N for part in parts])
        self._start_G = np.concatenate([p.start_G + i * num_rows for i, p in enumerate(parts)])
        self._end_G = np.concatenate([p.end_G + i * num_rows for i, p in enumerate(parts)])
        self._class_G = np.repeat(np.arange(len(parts)), [len(p.start_G) for p in parts])
        self._mine_N = np.concatenate([p.mine_N for p in parts])
        sizes = np.concatenate([p.size_G for p in parts])
        self._mine_first_G = np.cumsum(sizes) - sizes
        _, self._first_C = np.unique(self._class_G, return_index=True)

    def tally(self, draw: Draw) -> RankTally:
        """Rows of the draw by groups of equal score."""
        count_N = draw.count_N
        running_M = np.zeros((*count_N.shape[:-1], len(self._order_M) + 1), dtype=np.int64)
        np.cumsum(count_N.take(self._order_M, axis=-1), axis=-1, out=running_M[..., 1:])
        own_G = np.add.reduceat(count_N.take(self._mine_N, axis=-1), self._mine_first_G, axis=-1)
        own_C = np.add.reduceat(own_G, self._first_C, axis=-1)
        before_C = np.cumsum(own_C, axis=-1) - own_C
        sizes_C = np.diff(self._first_C, append=own_G.shape[-1])
        own_above_G = np.cumsum(own_G, axis=-1) - own_G - np.repeat(before_C, sizes_C, axis=-1)
        above_G = running_M.take(self._start_G, axis=-1) - draw.total[..., None] * self._class_G
        return RankTally(
            own_G=own_G,
            own_above_G=own_above_G,
            other_G=running_M.take(self._end_G, axis=-1)
            - running_M.take(self._start_G, axis=-1)
            - own_G,
            other_above_G=above_G - own_above_G,
            first_C=self._first_C,
            own_C=own_C,
            total=draw.total,
        )


@dataclass(frozen=True)
class _RankedClass:
    order_N: np.ndarray
    """Rows by falling score."""
    start_G: np.ndarray
    """Place in `order_N` of the first row of each group that holds a row of the class."""
    end_G: np.ndarray
    """Place behind its last row."""
    mine_N: np.ndarray
    """Rows of the class, by falling score."""
    size_G: np.ndarray
    """How many of them are in each group."""


def _rank_one(score_N: np.ndarray, mine_N: np.ndarray) -> _RankedClass:
    order_N = np.argsort(-score_N, kind="stable")
    falling_N = -score_N[order_N]
    mine_N = mine_N[np.argsort(-score_N[mine_N], kind="stable")]
    mine_score_G, size_G = np.unique(-score_N[mine_N], return_counts=True)
    return _RankedClass(
        order_N=order_N,
        start_G=np.searchsorted(falling_N, mine_score_G, side="left"),
        end_G=np.searchsorted(falling_N, mine_score_G, side="right"),
        mine_N=mine_N,
        size_G=size_G,
    )
