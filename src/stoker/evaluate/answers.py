"""What metrics look at: answers beside the truth, and how often each row counts.

Every metric here is a function of *row counts*.  A score counts each row once; a bootstrap resample
counts some rows twice and others not at all.  So what is dear (softmax, argmax, sorting) is done
once, and a resample costs a few passes over the rows.  Sums that several metrics need (hits of each
class, positives among tied scores) are made once for each draw and shared through `Draw.once`.

Cost: O(K N log N) once for rankings of K classes, then O(K N) for a draw; memory O(K N).
Does not know tasks or files; `stoker.evaluate.score` makes answers from a model's outputs.

Counts stay int64 where they are added up: an integer running sum is eight times as fast as one of
floats, and exact.

Shapes, with a first axis of R resamples where a draw has many: N rows, K classes, C ranked classes
(1 if K is 2, else K), M = C N, P pairs of (true class, answer) that occur, G groups of rows with
one score among which is a row of the ranked class, over all ranked classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")


class Draw:
    """How often each row counts: once for the score itself, or as a bootstrap resample says.

    Many resamples may stand in one draw, as rows of its counts; all that is made of it has the same
    first axis.  Of few rows a hundred resamples cost hardly more than one.

    >>> float(Draw(np.array([1, 0, 2])).mean(np.array([1.0, 9.0, 4.0])))
    3.0
    >>> Draw(np.array([[1, 0, 2], [0, 3, 0]])).mean(np.array([1.0, 9.0, 4.0])).tolist()
    [3.0, 9.0]
    """

    def __init__(
        self,
        count_N: np.ndarray,
        *,
        noise: Sequence[Sequence[int]] | None = None,
        weight: float = 1.0,
        like: Draw | None = None,
    ) -> None:
        """Keep the counts (int64, at least 0, at least one above 0).

        Args:
            count_N: How often each row counts, (N,); or in each of many resamples, (R, N).
            noise: Seed of the pseudo-rows of each resample; None: there are none.
            weight: What a pseudo-row counts, as many rows as are drawn together.
            like: The draw that this one is another look at; it has the same pseudo-rows.
        """
        self.count_N = count_N
        self.total = count_N.sum(axis=-1)
        self.noise = noise if like is None else like.noise
        self.weight = weight
        self._like = like
        self._made: dict[tuple[object, str], object] = {}

    def each(self) -> Iterator[Draw]:
        """Every resample by itself."""
        if self.count_N.ndim == 1:
            yield self
            return
        for place, count_N in enumerate(self.count_N):
            noise = None if self.noise is None else [self.noise[place]]
            yield Draw(count_N, noise=noise, weight=self.weight)

    @cached_property
    def weight_N(self) -> np.ndarray:
        """The counts as float64, ready for a dot product."""
        return self.count_N.astype(np.float64)

    def mean(self, value_N: np.ndarray) -> np.ndarray:
        """Mean of a row value, each row as often as it counts."""
        return self.weight_N @ value_N / self.total

    def pseudo_3K(self, num_classes: int, shape: float) -> np.ndarray:
        """Pseudo-rows of each class: hits, rows missed, and rows wrongly answered with it.

        Counts that are drawn again from a few rows cannot become what was never seen: 3 of 3 stay
        3 of 3.  About half a row of each kind, drawn from a gamma distribution, makes resamples of
        a share what Jeffreys' prior makes of it, whose intervals hold as often as they say
        (Brown, Cai & DasGupta 2001, https://doi.org/10.1214/ss/1009213286).
        """
        if self._like is not None:
            return self._like.pseudo_3K(num_classes, shape)
        if self.noise is None:
            return np.zeros((3, num_classes))
        return self.once(
            None, f"pseudo {num_classes} {shape}", lambda: self._pseudo(num_classes, shape)
        )

    def _pseudo(self, num_classes: int, shape: float) -> np.ndarray:
        assert self.noise is not None
        seeds = [[*noise, num_classes] for noise in self.noise]
        size = (3, num_classes)
        found = [np.random.default_rng(seed).gamma(shape, size=size) for seed in seeds]
        return self.weight * (found[0] if self.count_N.ndim == 1 else np.stack(found, axis=1))

    def once(self, owner: object, name: str, make: Callable[[], _T]) -> _T:
        """What `make` gives, made at most once for this draw."""
        key = (owner, name)
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # pyrefly: ignore[bad-return]  # the value came from this `make`


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


class ClassAnswers:
    """Class probabilities beside true classes."""

    kind = "classify"

    def __init__(
        self,
        output_NK: np.ndarray,
        truth_N: np.ndarray,
        weights: Sequence[float] | None = None,
    ) -> None:
        """Take logits (or log-probabilities; any offset of a row cancels) and class codes.

        Args:
            output_NK: Shape (N, K).
            truth_N: Shape (N,).
            weights: The class with the largest probability times weight is the answer; None: the
                most probable one.
        """
        output_NK = np.asarray(output_NK, dtype=np.float64)
        shifted_NK = output_NK - output_NK.max(axis=1, keepdims=True)
        self.truth_N = np.asarray(truth_N, dtype=np.int64)
        self.num_rows, self.num_classes = output_NK.shape
        self.log_probability_NK = shifted_NK - np.log(np.exp(shifted_NK).sum(axis=1, keepdims=True))
        self.weights = weights
        worth_NK = output_NK if weights is None else output_NK + np.log(weights)
        self.answer_N = worth_NK.argmax(axis=1)

    @cached_property
    def probability_NK(self) -> np.ndarray:
        """Probability of each class, float64."""
        return np.exp(self.log_probability_NK)

    @cached_property
    def hit_N(self) -> np.ndarray:
        """Whether the answered class is the true one; the first class wins a tie."""
        return self.answer_N == self.truth_N

    @cached_property
    def confidence_N(self) -> np.ndarray:
        """Probability of the answered class."""
        return self.probability_NK[np.arange(self.num_rows), self.answer_N]

    @cached_property
    def ranked_classes(self) -> range:
        """Classes that rankings are made for: only the second of two, as the other mirrors it."""
        return range(1, 2) if self.num_classes == 2 else range(self.num_classes)

    @cached_property
    def _cells(self) -> _Cells:
        return _Cells(self.truth_N, self.answer_N, self.num_classes)

    @cached_property
    def _ranking(self) -> _Ranking:
        return _Ranking(self.probability_NK, self.truth_N, self.ranked_classes)

    @cached_property
    def _is_true_K(self) -> np.ndarray:
        """Whether a class is true anywhere."""
        return np.bincount(self.truth_N, minlength=self.num_classes) > 0

    @cached_property
    def _is_answered_K(self) -> np.ndarray:
        """Whether a class is answered anywhere; if not, nothing is known of such answers."""
        return np.bincount(self.answer_N, minlength=self.num_classes) > 0

    def tally(self, draw: Draw) -> ClassTally:
        """Rows of each class in the draw, with about a pseudo-row right and one wrong in all.

        A class of three or more that is never answered counts as 0 in a mean over classes, and
        would count as something among more rows; a quarter of the draws have it that way.
        """
        shape = 1 / self.num_classes
        return draw.once(self, "tally", lambda: self._smooth_tally(draw, shape, doubts=True))

    def class_tally(self, draw: Draw) -> ClassTally:
        """The same for looking at each class by itself: half a pseudo-row of each kind."""
        return draw.once(self, "class_tally", lambda: self._smooth_tally(draw, 0.5))

    def _smooth_tally(self, draw: Draw, shape: float, *, doubts: bool = False) -> ClassTally:
        tally = draw.once(self, "cells", lambda: self._cells.tally(draw))
        if draw.noise is None:
            return tally
        hit_K, missed_K, wrong_K = draw.pseudo_3K(self.num_classes, shape)
        is_answered_K = self._is_answered_K
        if doubts and self.num_classes > 2:
            # Hits and missed rows are drawn alike, so one is the larger in half of the draws; those
            # of other classes have nothing to do with this one's.  With half of the draws 98.7 % of
            # intervals held, with none 88 % (`benchmarks/bench_intervals.py`, table `many`).
            is_larger_K = missed_K > hit_K
            both_K = np.roll(is_larger_K, 1, axis=-1) & np.roll(is_larger_K, 2, axis=-1)
            is_answered_K = is_answered_K | both_K
        return ClassTally(
            hit_K=tally.hit_K + hit_K * (self._is_true_K | self._is_answered_K),
            truth_K=tally.truth_K + (hit_K + missed_K) * self._is_true_K,
            answered_K=tally.answered_K + (hit_K + wrong_K) * is_answered_K,
        )

    def rank_tally(self, draw: Draw) -> RankTally:
        """Rows of the draw by groups of equal score."""
        return draw.once(self, "rank_tally", lambda: self._ranking.tally(draw))


class NumberAnswers:
    """Predicted numbers beside true ones, in the target's own unit."""

    kind = "regress"

    def __init__(self, answer_N: np.ndarray, truth_N: np.ndarray) -> None:
        """Take two vectors of equal length."""
        self.answer_N = np.asarray(answer_N, dtype=np.float64)
        self.truth_N = np.asarray(truth_N, dtype=np.float64)
        self.num_rows = len(self.truth_N)

    @cached_property
    def error_N(self) -> np.ndarray:
        """Prediction minus truth."""
        return self.answer_N - self.truth_N


class _Cells:
    """Rows sorted by (true class, answer), so that a draw's confusion is one gather and one sum."""

    def __init__(self, truth_N: np.ndarray, answer_N: np.ndarray, num_classes: int) -> None:
        cell_N = truth_N * num_classes + answer_N
        self._order_N = np.argsort(cell_N, kind="stable")
        cell_P, self._start_P = np.unique(cell_N[self._order_N], return_index=True)
        self._truth_P, self._answer_P = np.divmod(cell_P, num_classes)
        self._size = num_classes

    def tally(self, draw: Draw) -> ClassTally:
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


class _Ranking:
    """Rows sorted by falling probability for each ranked class, equal probabilities grouped.

    All classes lie end to end in one flat array, so that a draw is one gather and one running sum,
    whatever the number of classes.  A row is of one class only, so the groups that matter are at
    most N, not M, and all else costs O(N).
    """

    def __init__(
        self, probability_NK: np.ndarray, truth_N: np.ndarray, ranked_classes: range
    ) -> None:
        parts = [
            _rank_one(probability_NK[:, one], np.flatnonzero(truth_N == one))
            for one in ranked_classes
        ]
        num_rows = len(truth_N)
        self._order_M = np.concatenate([part.order_N for part in parts])
        self._start_G = np.concatenate([p.start_G + i * num_rows for i, p in enumerate(parts)])
        self._end_G = np.concatenate([p.end_G + i * num_rows for i, p in enumerate(parts)])
        self._class_G = np.repeat(np.arange(len(parts)), [len(p.start_G) for p in parts])
        self._mine_N = np.concatenate([p.mine_N for p in parts])
        sizes = np.concatenate([p.size_G for p in parts])
        self._mine_first_G = np.cumsum(sizes) - sizes
        _, self._first_C = np.unique(self._class_G, return_index=True)

    def tally(self, draw: Draw) -> RankTally:
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
