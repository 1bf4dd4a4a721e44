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
any other; where being filled tells as much as what stands in a cell, or tells one class of several,
that is said.  A column of several parts (a moment's year, month and day) is as good as its best
part.
With many columns some look good by chance, so an area has to be out of the reach of all of them.

Cost: a few sorts of each column over at most 20,000 rows, drawn over the whole table and told, and
fewer where columns are many; about 10 ms
a column, and of more than 400 vectors of numbers only those are asked whose bins differ most.
Pictures are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from stoker.core.value import Value
from stoker.evaluate.alone import Measure, alone, filled_alone
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
_FILLED = "that it is filled"
_AS_MUCH = 0.01
_CHANCE = 0.05
"""How likely a column without meaning may be named, over all columns together."""


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


class Asked(Value):
    """The rows of training and validation on which each column was asked alone."""

    rows: int = 0
    """How many, drawn over the whole table."""
    whole: int = 0
    """How many there are."""

    @property
    def words(self) -> str:
        """Which rows, where they are not all; else empty.

        >>> Asked(rows=20_000, whole=98_000).words, Asked(rows=900, whole=900).words
        ('20,000 of 98,000 rows of training and validation, drawn at random', '')
        """
        if self.rows >= self.whole:
            return ""
        return f"{self.rows:,} of {self.whole:,} rows of training and validation, drawn at random"


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


def warning_words(evaluation: Evaluation, suspects: Sequence[Suspect], asked: Asked) -> str:
    """What to say of columns that tell the answer, and of a score that is too good."""
    shown = ", ".join(map(str, suspects[:_MOST_NAMED]))
    more = f" and {len(suspects) - _MOST_NAMED} more" * (len(suspects) > _MOST_NAMED)
    verb = "predict" if len(suspects) > 1 else "predicts"
    where = f" (asked on {asked.words})" * bool(asked.words)
    columns = f"columns to look at: {shown}{more}, which alone {verb} it{where}"
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
    least = TELLING
    if num_classes == 2:
        ones = int((target_N == 1).sum())
        least = max(TELLING, _out_of_reach(ones, len(target_N), len(vectors)))
    best: dict[str, Suspect] = {}
    for name, part, value_N in _promising(vectors, target_N, num_classes):
        worth, measure = alone(value_N, target_N, num_classes)
        if part == _FILLED and (num_classes or 0) > 2:
            worth, measure = _tells_a_class(value_N, target_N, len(vectors)), "ROC AUC"
        if worth >= least and _is_better(worth, part, best.get(name)):
            best[name] = Suspect(column=name, alone=round(worth, 4), measure=measure, part=part)
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


def _tells_a_class(filled_N: np.ndarray, target_N: np.ndarray, tested: int) -> float:
    """How well being filled tells one class of several; 0 if chance reaches as far.

    Only being filled is asked so: that a number tells one class from all others is ordinary.
    """
    worth, rows = filled_alone(filled_N, target_N, FEWEST_TOLD)
    classes = int(target_N.max()) + 1
    return worth if worth >= _out_of_reach(rows, len(target_N), tested * classes) else 0.0


def _out_of_reach(ones: float, rows: int, tested: int) -> float:
    """The area that none of so many columns without meaning reaches.

    The normal tail is bounded by exp(-z²/2); the spread of an area by chance is Mann & Whitney's.
    """
    ones = ones / 2  # one half of the rows is scored
    others = rows / 2 - ones
    if not ones or not others:
        return 1.0
    spread = math.sqrt((ones + others + 1) / (12 * ones * others))
    return min(1.0, 0.5 + spread * math.sqrt(2 * math.log(max(tested, 1) / _CHANCE)))
