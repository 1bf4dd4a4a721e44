"""Name the input columns that tell the answer by themselves.

A column that alone predicts the target nearly always was often filled in after the answer was
known, or is the answer in other words (a logarithm of it, its text, its sum).  So each column is
asked alone how well it predicts, on rows that training saw or chose by and never on the test rows;
those that hardly ever fail are named, loudest where the score itself is too good to be true.

How well a column predicts alone is the best of what a monotone and a binned fit make of it:

    two classes   area under the ROC curve of the number itself, or of the share of the class among
                  equal categories or the nearest numbers
    more classes  mean over classes of the share answered right by the commonest class of an equal
                  category or of the nearest number
    numbers       squared correlation of values or of ranks, or the share of the spread that is
                  explained by the mean of equal categories or of the nearest numbers, or by the
                  line between the two nearest

Fits are learned on one half of the rows and scored on the other.  A missing cell is a value like
any other; where being filled tells as much as what stands in a cell, that is said.  A column of
several parts (a moment's year, month and day) is as good as its best part.
With many columns some look good by chance, so an area has to be out of the reach of all of them.

Cost: a few sorts of each column over at most 20,000 rows, fewer where columns are many; about 10 ms
a column, and of more than 400 vectors of numbers only those are asked whose bins differ most.
Pictures are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from stoker.core.value import Value
from stoker.evaluate.evaluation import Evaluation, Score

TOO_GOOD = 0.999
"""Main score from which it is doubted, if there are enough rows."""
FEWEST_ROWS = 200
TELLING = 0.95
"""How well a column predicts alone from which on it is named."""
FEWEST_TOLD = 20
"""Rows below which no column is judged."""
MOST_ROWS = 20_000
_FEWEST_OF_MANY = 2_000
_MOST_CELLS = 4_000_000
_MOST_ASKED = 400
_BINS = 8
_MOST_NAMED = 10
_MOST_TOGETHER = 4
_NEIGHBOURS = 5
_FILLED = "that it is filled"
_AS_MUCH = 0.01
_CHANCE = 0.05
"""How likely a column without meaning may be named, over all columns together."""

Measure = Literal["ROC AUC", "share right", "explained spread"]


class Suspect(Value):
    """An input column that predicts the target alone."""

    column: str
    alone: float
    """How well, in [0, 1]; 1 is always."""
    measure: Measure = "share right"
    """What `alone` is: an area, a mean over classes of the share right, or a share of spread."""
    part: str = ""
    """Which part of the column it is, where it has several."""

    def __str__(self) -> str:
        """The column with its score.

        >>> str(Suspect(column="wage", alone=0.9985, measure="explained spread"))
        "'wage' (explained spread 0.9985)"
        """
        part = f", {self.part}" if self.part else ""
        return f"{self.column!r} ({self.measure} {self.alone:.4g}{part})"


def is_too_good(evaluation: Evaluation) -> bool:
    """Whether the main score is next to 1, or its interval touches 1."""
    for name in (evaluation.headline, "r2"):
        score = evaluation.metrics.get(name)
        if score is not None and _is_next_to_one(score, evaluation.num_rows):
            return True
    return False


def _is_next_to_one(score: Score, num_rows: int) -> bool:
    if score.value is None or not score.higher_is_better:
        return False
    # A score that resampling cannot move has no interval; it touches 1 if it is 1.
    touches = (score.value if score.high is None else score.high) >= 1 - 1e-9
    return touches or (score.value >= TOO_GOOD and num_rows > FEWEST_ROWS)


def warning_words(evaluation: Evaluation, suspects: Sequence[Suspect]) -> str:
    """What to say of columns that tell the answer, and of a score that is too good."""
    shown = ", ".join(map(str, suspects[:_MOST_NAMED]))
    more = f" and {len(suspects) - _MOST_NAMED} more" * (len(suspects) > _MOST_NAMED)
    verb = "predict" if len(suspects) > 1 else "predicts"
    columns = f"columns to look at: {shown}{more}, which alone {verb} it"
    if not is_too_good(evaluation):
        return (
            f"an input may tell the answer; {columns}: is it known before the answer is? If not, "
            "leave it out"
        )
    score = evaluation.metrics[evaluation.headline]
    return (
        f"{score.title} is {score.value:.4g}: a score next to 1 usually means that an input tells "
        f"the answer; {columns}"
    )


def together_words(evaluation: Evaluation, leaned_on: Sequence[str]) -> str | None:
    """What to say of a score next to 1 that no column reaches alone; None of any other score.

    Asked of scores of many rows only: few are easily answered right, all of them.

    Args:
        evaluation: Of the chosen candidate.
        leaned_on: Columns that it leans on, the most important first.
    """
    found = (evaluation.metrics.get(name) for name in (evaluation.headline, "r2"))
    scores = [one for one in found if one is not None and one.value is not None]
    near = [one for one in scores if one.higher_is_better and (one.value or 0) >= TOO_GOOD]
    if not near or evaluation.num_rows <= FEWEST_ROWS or not leaned_on:
        return None
    shown = ", ".join(map(repr, leaned_on[:_MOST_TOGETHER]))
    return (
        f"{near[0].title} is {near[0].value:.4g}: a score next to 1 usually means that inputs tell "
        f"the answer; none does alone, so some do together, as a sum or a difference would: look "
        f"at {shown}"
    )


def find_suspects(
    columns: Mapping[str, np.ndarray],
    target_N: np.ndarray,
    num_classes: int | None,
    part_names: Mapping[str, Sequence[str]] | None = None,
) -> list[Suspect]:
    """The columns that predict the target alone, the best first.

    Args:
        columns: Tensor of each input column, shape (N,) or (N, D); floating ones are numbers,
            those of whole numbers are categories, all others are not looked at.
        target_N: Class codes, or numbers.
        num_classes: Classes; None for a target of numbers.
        part_names: Names of the D parts of a column, where it has some.

    >>> label_N = np.arange(100) % 2
    >>> found = find_suspects({"copy": label_N * 3.0, "row": np.arange(100.0)}, label_N, 2)
    >>> [str(one) for one in found]
    ["'copy' (ROC AUC 1)"]
    """
    if len(target_N) < FEWEST_TOLD:
        return []
    vectors = [
        (name, part, value_N)
        for name, value in columns.items()
        for part, value_N in _parts(value, (part_names or {}).get(name, ()))
    ]
    vectors += _gaps(columns)
    target_N = np.asarray(target_N)
    least = TELLING if num_classes != 2 else max(TELLING, _out_of_reach(target_N, len(vectors)))
    best: dict[str, Suspect] = {}
    for name, part, value_N in _promising(vectors, target_N, num_classes):
        alone, measure = _alone(value_N, target_N, num_classes)
        if alone >= least and _is_better(alone, part, best.get(name)):
            best[name] = Suspect(column=name, alone=round(alone, 4), measure=measure, part=part)
    return sorted(best.values(), key=lambda one: -one.alone)


def rows_to_ask(num_rows: int, num_columns: int) -> np.ndarray:
    """Which rows the columns are asked on: all, or a part of them drawn once and for all.

    In an order without meaning, as one half answers for the other.
    """
    most = min(MOST_ROWS, max(_FEWEST_OF_MANY, _MOST_CELLS // max(num_columns, 1)))
    return np.random.default_rng(0).permutation(num_rows)[:most]


def _parts(value: np.ndarray, names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Each vector of a column with its name; a picture has none."""
    if value.ndim == 1:
        yield "", value
    elif value.ndim == 2:
        for place in range(value.shape[1]):
            yield names[place] if place < len(names) else str(place + 1), value[:, place]


def _gaps(columns: Mapping[str, np.ndarray]) -> list[_Vector]:
    """Of each column with missing cells, which are filled, as codes; 0 is a missing category."""
    found = []
    for name, value in columns.items():
        if value.ndim > 2:
            continue
        first_N = value if value.ndim == 1 else value[:, 0]
        is_number = np.issubdtype(first_N.dtype, np.floating)
        filled_N = ~np.isnan(first_N) if is_number else first_N != 0
        if filled_N.any() and not filled_N.all():
            found.append((name, _FILLED, filled_N.astype(np.int32)))
    return found


def _is_better(alone: float, part: str, before: Suspect | None) -> bool:
    """Whether a part tells more than the one before; that a cell is filled need only tell as much.

    Values that stand in some rows only tell by the way that those rows have them.
    """
    if before is None:
        return True
    return alone > before.alone - _AS_MUCH if part == _FILLED else alone > before.alone


_Vector = tuple[str, str, np.ndarray]


def _promising(
    vectors: list[_Vector], target_N: np.ndarray, num_classes: int | None
) -> list[_Vector]:
    """All categories, and the numbers whose bins of equal size differ most in the target."""
    numbers = [one for one in vectors if np.issubdtype(one[2].dtype, np.floating)]
    if len(numbers) <= _MOST_ASKED:
        return vectors
    if num_classes is None:
        outcome_NK = (target_N - target_N.mean())[:, None]
    else:
        outcome_NK = np.eye(num_classes)[target_N] - np.bincount(
            target_N, minlength=num_classes
        ) / (len(target_N))
    start_B = np.unique(np.linspace(0, len(target_N), _BINS, endpoint=False).astype(np.int64))
    between = [
        np.square(np.add.reduceat(outcome_NK[np.argsort(value_N)], start_B)).sum()
        for _, _, value_N in numbers
    ]
    kept = {id(numbers[place][2]) for place in np.argsort(between)[-_MOST_ASKED:]}
    return [
        one for one in vectors if id(one[2]) in kept or not np.issubdtype(one[2].dtype, np.floating)
    ]


def _out_of_reach(target_N: np.ndarray, tested: int) -> float:
    """The area that none of so many columns without meaning reaches.

    The normal tail is bounded by exp(-z²/2); the spread of an area by chance is Mann & Whitney's.
    """
    ones = int((target_N == 1).sum()) / 2  # one half of the rows is scored
    others = len(target_N) / 2 - ones
    if not ones or not others:
        return 1.0
    spread = math.sqrt((ones + others + 1) / (12 * ones * others))
    return min(1.0, 0.5 + spread * math.sqrt(2 * math.log(max(tested, 1) / _CHANCE)))


def _alone(
    value_N: np.ndarray, target_N: np.ndarray, num_classes: int | None
) -> tuple[float, Measure]:
    """How well one vector predicts, and by which measure."""
    is_number = np.issubdtype(value_N.dtype, np.floating)
    if is_number:
        value_N = np.nan_to_num(value_N.astype(np.float64), nan=-np.inf, posinf=np.inf)
    column = _Halves(value_N, target_N, is_number)
    if num_classes is None:
        found = [_explained(column.mean_M, column.target_M)]
        if is_number:
            found.append(_explained(column.between_M, column.target_M))
            found.append(_correlated(value_N, target_N.astype(np.float64)))
        return max(found), "explained spread"
    if num_classes == 2:
        found = [_area(column.mean_M, column.target_M)]
        if is_number:
            area = _area(value_N, target_N)
            found += [area, 1 - area]
        return max(found), "ROC AUC"
    return _balanced(column.commonest_M, column.target_M), "share right"


class _Halves:
    """A vector whose first half answers for the second."""

    def __init__(self, value_N: np.ndarray, target_N: np.ndarray, is_number: bool) -> None:
        half = len(value_N) // 2
        self._known, self._code, self._count = np.unique(
            value_N[:half], return_inverse=True, return_counts=True
        )
        self._target, self.target_M = target_N[:half], target_N[half:]
        self._is_number, self._asked_M = is_number, value_N[half:]
        self._place_M, self._is_known_M = self._places(value_N[half:])

    def _places(self, asked_M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The known value that answers for each asked one, and whether one does."""
        last = len(self._known) - 1
        above_M = np.searchsorted(self._known, asked_M).clip(max=last)
        is_equal_M = self._known[above_M] == asked_M
        if not self._is_number:
            return above_M, is_equal_M
        below_M = (above_M - 1).clip(min=0)
        with np.errstate(invalid="ignore"):
            is_above_M = self._known[above_M] - asked_M <= asked_M - self._known[below_M]
        place_M = np.where(is_above_M | is_equal_M, above_M, below_M)
        # A missing cell answers for missing ones only.
        is_apart_M = np.isneginf(self._known[place_M]) != np.isneginf(asked_M)
        return np.where(is_apart_M, above_M, place_M), np.ones(len(asked_M), bool)

    @property
    def mean_M(self) -> np.ndarray:
        """Mean target of an equal category or of the nearest numbers."""
        sum_U = np.bincount(self._code, self._target, len(self._known))
        mean_U = self._smoothed(sum_U) if self._is_number else sum_U / self._count
        return np.where(self._is_known_M, mean_U[self._place_M], self._target.mean())

    @property
    def between_M(self) -> np.ndarray:
        """The line between the two nearest numbers: exact where the target follows smoothly."""
        there_U = np.isfinite(self._known)
        if not there_U.any():
            return np.full(len(self.target_M), self._target.mean())
        mean_U = np.bincount(self._code, self._target, len(self._known)) / self._count
        line_M = np.interp(self._asked_M, self._known[there_U], mean_U[there_U])
        return np.where(np.isfinite(self._asked_M), line_M, self.mean_M)

    def _smoothed(self, sum_U: np.ndarray) -> np.ndarray:
        """Mean over each known number and as many neighbours as make some rows."""
        end_U = np.cumsum(self._count)
        middle_U = end_U - self._count / 2
        low_U = np.searchsorted(end_U, middle_U - _NEIGHBOURS / 2, side="right")
        high_U = np.searchsorted(end_U - self._count, middle_U + _NEIGHBOURS / 2, side="left")
        if np.isneginf(self._known[0]):
            low_U[1:] = low_U[1:].clip(min=1)
            high_U[0] = 1
        sums = np.r_[0.0, np.cumsum(sum_U)]
        rows = np.r_[0, end_U]
        return (sums[high_U] - sums[low_U]) / (rows[high_U] - rows[low_U])

    @property
    def commonest_M(self) -> np.ndarray:
        """The commonest class of an equal category or of the nearest number."""
        top = int(self._target.max()) + 1
        counts_UK = np.zeros((len(self._known), top), np.int64)
        np.add.at(counts_UK, (self._code, self._target), 1)
        common = np.bincount(self._target).argmax()
        return np.where(self._is_known_M, counts_UK.argmax(1)[self._place_M], common)


def _balanced(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Mean over the classes that occur of the share answered right."""
    hit_M = answer_M == target_M
    return float(np.mean([hit_M[target_M == code].mean() for code in np.unique(target_M)]))


def _ranks(value_N: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, code_N, count = np.unique(value_N, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[code_N]


def _area(value_N: np.ndarray, target_N: np.ndarray) -> float:
    """Area under the ROC curve of a number for class 1; 0.5 where one class is missing."""
    is_one_N = target_N == 1
    ones, others = int(is_one_N.sum()), int((~is_one_N).sum())
    if not ones or not others:
        return 0.5
    rank_N = _ranks(value_N)
    return float((rank_N[is_one_N].sum() - ones * (ones + 1) / 2) / (ones * others))


def _explained(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Share of the target's spread that the answers explain."""
    spread = np.square(target_M - target_M.mean()).sum()
    return float(1 - np.square(target_M - answer_M).sum() / spread) if spread else 0.0


def _correlated(value_N: np.ndarray, target_N: np.ndarray) -> float:
    """Squared correlation of values or of ranks, the greater, of the rows that have a number.

    0 if most rows have none.
    """
    there_N = np.isfinite(value_N)
    value_N, target_N = value_N[there_N], target_N[there_N]
    if there_N.mean() < 0.5 or not np.ptp(value_N) or not np.ptp(target_N):
        return 0.0
    by_value = _squared_correlation(value_N / np.abs(value_N).max(), target_N)
    return max(by_value, _squared_correlation(_ranks(value_N), _ranks(target_N)))


def _squared_correlation(one_N: np.ndarray, other_N: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):  # values that differ in the last digits
        return float(np.nan_to_num(np.corrcoef(one_N, other_N)[0, 1]) ** 2)
