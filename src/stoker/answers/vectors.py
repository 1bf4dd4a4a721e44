"""Vectors of rows, each asked for the rows that belong to it.

Every row is a query against all others, nearest first by cosine.  Rows that carry the same code
belong together; one without such a row is asked nothing and is a wrong answer to others only.
What else there is to be found stays the same in every draw, so a resample draws queries.

Where several rows lie equally near, what counts is what any order of them gives in the mean; one
vector for all rows is therefore worth as much as chance.

Cost: N^2 D multiplications once, in blocks of some 50 MB; a draw is a pass over the rows.

Shapes: N rows, D numbers of a vector, B rows of a block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from stoker.answers import Answers, kept

_Worth = Callable[[np.ndarray, int], float]
"""How likely nothing was found yet, place by place, and the rows above, to what that is worth."""

_BLOCK_CELLS = 1 << 22
_TIE = 1e-6
"""Cosines that differ by less are one: the last digits follow the order of additions."""


@dataclass(frozen=True)
class Reach:
    """Where the first row that belongs to each query stands among all others."""

    above_N: np.ndarray
    """Rows that do not belong to it and lie nearer than all that do, int64."""
    wrong_tied_N: np.ndarray
    """Rows that do not and lie as near as the nearest that does."""
    right_tied_N: np.ndarray
    """Rows that do and lie equally near; 0 where no row belongs to it."""
    partner_N: np.ndarray
    """Place of the nearest one that belongs to it, -1 where there is none."""
    nearest_N: np.ndarray
    """Place of the nearest one of all."""
    cosine_N: np.ndarray
    """Cosine of the nearest one of all, float64."""

    def take(self, place_N: np.ndarray) -> Reach:
        """Those of some queries, each as often as its place stands there."""
        return Reach(**{name: value[place_N] for name, value in vars(self).items()})

    def within(self, most: int) -> np.ndarray:
        """How likely one that belongs to the query is among the first `most`, float64 (N,)."""

        def found(miss_J: np.ndarray, above: int) -> float:
            seen = min(max(0, most - above), len(miss_J) - 1)
            return float(1.0 - miss_J[seen])

        return self._by_case(found)

    def reciprocal(self) -> np.ndarray:
        """One through the place of the first that belongs to the query, in the mean, (N,)."""

        def mean(miss_J: np.ndarray, above: int) -> float:
            place_J = above + np.arange(1, len(miss_J))
            return float((-np.diff(miss_J) / place_J).sum())

        return self._by_case(mean)

    def _by_case(self, worth: _Worth) -> np.ndarray:
        """What each query is worth, reckoned once for those that are alike; 0 without a partner."""
        case_N3 = np.stack([self.above_N, self.wrong_tied_N, self.right_tied_N], axis=1)
        case_C3, which_N = np.unique(case_N3, axis=0, return_inverse=True)
        worth_C = [
            worth(_missed(wrong, right), above) if right else 0.0
            for above, wrong, right in case_C3.tolist()
        ]
        return np.array(worth_C, np.float64)[which_N.reshape(-1)]


def _missed(wrong: int, right: int) -> np.ndarray:
    """How likely none of `right` rows is among the first 0, 1, 2, ... of them and `wrong` others.

    >>> _missed(2, 1).round(3).tolist()
    [1.0, 0.667, 0.333, 0.0]
    """
    left_J = np.arange(wrong + 1, dtype=np.float64)
    return np.concatenate([[1.0], np.cumprod((wrong - left_J) / (wrong + right - left_J))])


class VectorAnswers(Answers):
    """Vectors of rows, each asked for the rows that belong to it."""

    of: ClassVar[str] = "vectors"
    glance: ClassVar[str] = "mrr"
    glance_rises: ClassVar[bool] = True
    loss_name: ClassVar[str] = "mrr"

    def __init__(self, reach: Reach, vector_ND: np.ndarray) -> None:
        """Take what each query found; see `of_vectors`."""
        self.reach, self.vector_ND = reach, vector_ND
        self.num_rows = len(vector_ND)
        self.asked_N = reach.right_tied_N > 0

    @classmethod
    def of_vectors(cls, vector_ND: np.ndarray, code_N: np.ndarray) -> Self:
        """Ask each row for those of its code.

        Args:
            vector_ND: Vectors of any length above 0; those of length 0 are near to none.
            code_N: What each row belongs to, int64.
        """
        unit_ND = unit_vectors(vector_ND)
        return cls(_reach(unit_ND, np.unique(code_N, return_inverse=True)[1]), unit_ND)

    def rows(self, place_N: np.ndarray) -> Self:
        """The queries of some places; what they were asked among stays as it was."""
        return type(self)(self.reach.take(place_N), self.vector_ND[place_N])

    def at_best(self) -> Self:
        """The same queries, had each found what belongs to it before all else."""
        none_N = np.zeros_like(self.reach.above_N)
        reach = replace(self.reach, above_N=none_N, wrong_tied_N=none_N)
        return type(self)(reach, self.vector_ND)

    def within_N(self, most: int) -> np.ndarray:
        """Whether one that belongs to the query is among the first `most`; a share among ties."""
        return self.reach.within(most)

    @kept
    def reciprocal_N(self) -> np.ndarray:
        """One through the place of the first that belongs to the query; 0 if none does."""
        return self.reach.reciprocal()

    def at_a_glance(self) -> float:
        """Mean reciprocal rank."""
        return self.as_read(float(self.loss_N.mean()))

    @kept
    def loss_N(self) -> np.ndarray:
        """One minus the reciprocal rank; a row that is asked nothing costs what others do."""
        loss_N = 1.0 - self.reciprocal_N
        return np.where(self.asked_N, loss_N, loss_N[self.asked_N].mean())

    @staticmethod
    def as_read(mean_loss: float) -> float:
        """The mean reciprocal rank."""
        return 1.0 - mean_loss

    @property
    def distance_N(self) -> np.ndarray:
        """One minus the reciprocal rank."""
        return self.loss_N

    @property
    def wrong_N(self) -> np.ndarray:
        """Whether the nearest row surely does not belong to it."""
        return self.asked_N & (self.within_N(1) == 0)

    @property
    def score_N(self) -> np.ndarray:
        """The reciprocal rank."""
        return 1.0 - self.loss_N

    @property
    def belief_NK(self) -> np.ndarray:
        """The vectors."""
        return self.vector_ND

    def told(self, row: int) -> tuple[str | float, str | float, float | None]:
        """The row that belongs to it and the one that was found, by place, and the latter's cosine.

        Places count rows of the scored part from 1.
        """
        partner, nearest = self.reach.partner_N[row], self.reach.nearest_N[row]
        return f"row {partner + 1}", f"row {nearest + 1}", float(self.reach.cosine_N[row])


def unit_vectors(vector_ND: np.ndarray) -> np.ndarray:
    """Vectors of length 1, float32; one of length 0 stays as it is.

    >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    wide_ND = np.asarray(vector_ND, np.float64)
    length_N1 = np.sqrt(np.square(wide_ND).sum(axis=1, keepdims=True))
    return (wide_ND / np.where(length_N1 > 0, length_N1, 1.0)).astype(np.float32)


def _reach(unit_ND: np.ndarray, code_N: np.ndarray) -> Reach:
    """What each row finds, some rows at a time."""
    num_rows = len(unit_ND)
    size = max(1, _BLOCK_CELLS // max(1, num_rows))
    starts = range(0, num_rows, size)
    parts = [_reach_of(unit_ND, code_N, np.arange(at, min(at + size, num_rows))) for at in starts]
    return Reach(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _reach_of(unit_ND: np.ndarray, code_N: np.ndarray, row_B: np.ndarray) -> tuple[np.ndarray, ...]:
    """The fields of a `Reach` of some rows."""
    place_B = np.arange(len(row_B))
    cosine_BN = unit_ND[row_B] @ unit_ND.T
    cosine_BN[place_B, row_B] = -np.inf  # nobody finds himself
    nearest_B = cosine_BN.argmax(axis=1)
    is_right_BN = code_N[row_B, None] == code_N
    is_right_BN[place_B, row_B] = False
    right_BN = np.where(is_right_BN, cosine_BN, -np.inf)
    partner_B = right_BN.argmax(axis=1)
    best_B1 = right_BN[place_B, partner_B][:, None]
    has_B = is_right_BN.any(axis=1)
    is_tied_BN = (np.abs(cosine_BN - np.where(has_B[:, None], best_B1, 0)) <= _TIE) & has_B[:, None]
    above_BN = (cosine_BN > best_B1 + _TIE) & ~is_right_BN & has_B[:, None]
    return (
        above_BN.sum(axis=1),
        (is_tied_BN & ~is_right_BN).sum(axis=1),
        (is_tied_BN & is_right_BN).sum(axis=1),
        np.where(has_B, partner_B, -1),
        nearest_B,
        np.maximum(cosine_BN[place_B, nearest_B], -1.0).astype(np.float64),
    )
