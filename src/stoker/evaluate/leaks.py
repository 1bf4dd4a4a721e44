"""Name the input columns that tell the answer by themselves, where a score is too good to be true.

A score next to 1 is seldom skill: far more often a column was filled in after the answer was known,
or is the answer in other words.  So if the main score is that high, each column is asked alone how
well it predicts, on rows that nothing was trained on; those that hardly ever fail are named.

How well a column predicts is, for classes, the mean over classes of the share answered right by the
commonest class of an equal category or by the nearest number (learned on half of the rows, scored
on the other half), or for two classes the area under the ROC curve of the number itself; and for
numbers the share of the spread that the mean of a category or a straight line explains.

Cost: a few sorts of each column of the validation and test rows.  Pictures are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stoker.core.steps import Step
from stoker.evaluate.evaluation import Evaluation, Score

TOO_GOOD = 0.999
"""Main score from which the columns are looked at, if there are enough rows."""
FEWEST_ROWS = 200
TELLING = 0.99
"""How well a column predicts alone from which on it is named."""
_MOST_NAMED = 10
FEWEST_TOLD = 20
"""Rows below which no column is judged."""


class Suspect(Step):
    """An input column that predicts the target alone."""

    column: str
    alone: float
    """How well, in [0, 1]; 1 is always."""


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
    """What to say of a score that is too good, with the columns to look at."""
    score = evaluation.metrics[evaluation.headline]
    shown = ", ".join(f"{one.column!r}" for one in suspects[:_MOST_NAMED])
    more = f" and {len(suspects) - _MOST_NAMED} more" * (len(suspects) > _MOST_NAMED)
    verb = "predict" if len(suspects) > 1 else "predicts"
    return (
        f"{score.title} is {score.value:.4g}: a score next to 1 usually means that an input tells "
        f"the answer; columns to look at: {shown}{more}, which alone {verb} it"
    )


def find_suspects(
    columns: Mapping[str, np.ndarray], target_N: np.ndarray, num_classes: int | None
) -> list[Suspect]:
    """The columns that predict the target alone, the best first.

    Args:
        columns: Tensor of each input column; only numbers (float) and categories (int) of shape
            (N,) are looked at.
        target_N: Class codes, or numbers.
        num_classes: Classes; None for a target of numbers.

    >>> label_N = np.arange(100) % 2
    >>> find_suspects({"copy": label_N * 3.0, "row": np.arange(100.0)}, label_N, 2)
    [Suspect(column='copy', alone=1.0)]
    """
    if len(target_N) < FEWEST_TOLD:
        return []
    order_N = np.random.default_rng(0).permutation(len(target_N))
    target_N = target_N[order_N]
    found = []
    for name, value_N in columns.items():
        if value_N.ndim == 1:
            alone = _alone(value_N[order_N], target_N, num_classes)
            if alone >= TELLING:
                found.append(Suspect(column=name, alone=round(alone, 4)))
    return sorted(found, key=lambda one: -one.alone)


def _alone(value_N: np.ndarray, target_N: np.ndarray, num_classes: int | None) -> float:
    half = len(value_N) // 2
    is_number = np.issubdtype(value_N.dtype, np.floating)
    if is_number:
        value_N = np.nan_to_num(value_N.astype(np.float64), nan=-np.inf)
    if num_classes is None:
        if is_number:
            return _explained_by_line(value_N, target_N)
        answer_N = _means(value_N[:half], target_N[:half], value_N[half:])
        return _explained(answer_N, target_N[half:])
    answer = _nearest if is_number else _commonest
    alone = _balanced(answer(value_N[:half], target_N[:half], value_N[half:]), target_N[half:])
    if is_number and num_classes == 2:
        area = _area(value_N, target_N)
        alone = max(alone, area, 1 - area)
    return alone


def _commonest(known_N: np.ndarray, target_N: np.ndarray, asked_M: np.ndarray) -> np.ndarray:
    """The commonest class of each asked category; that of all rows for one that is not known."""
    categories, code_N = np.unique(known_N, return_inverse=True)
    counts = np.zeros((len(categories), int(target_N.max()) + 1), np.int64)
    np.add.at(counts, (code_N, target_N), 1)
    place_M = np.searchsorted(categories, asked_M).clip(max=len(categories) - 1)
    is_known_M = categories[place_M] == asked_M
    return np.where(is_known_M, counts.argmax(1)[place_M], np.bincount(target_N).argmax())


def _nearest(known_N: np.ndarray, target_N: np.ndarray, asked_M: np.ndarray) -> np.ndarray:
    """The commonest class of the known number that is nearest to each asked one."""
    numbers = np.unique(known_N)
    above_M = np.searchsorted(numbers, asked_M).clip(max=len(numbers) - 1)
    below_M = (above_M - 1).clip(min=0)
    with np.errstate(invalid="ignore"):
        is_above_M = np.abs(numbers[above_M] - asked_M) <= np.abs(asked_M - numbers[below_M])
    is_above_M |= numbers[above_M] == asked_M
    return _commonest(known_N, target_N, numbers[np.where(is_above_M, above_M, below_M)])


def _balanced(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Mean over the classes that occur of the share answered right."""
    hit_M = answer_M == target_M
    return float(np.mean([hit_M[target_M == code].mean() for code in np.unique(target_M)]))


def _area(value_N: np.ndarray, target_N: np.ndarray) -> float:
    """Area under the ROC curve of a number for class 1; 0.5 where one class is missing."""
    _, code_N, count = np.unique(value_N, return_inverse=True, return_counts=True)
    rank_N = (np.cumsum(count) - (count - 1) / 2)[code_N]
    is_one_N = target_N == 1
    ones, others = int(is_one_N.sum()), int((~is_one_N).sum())
    if not ones or not others:
        return 0.5
    return float((rank_N[is_one_N].sum() - ones * (ones + 1) / 2) / (ones * others))


def _means(known_N: np.ndarray, target_N: np.ndarray, asked_M: np.ndarray) -> np.ndarray:
    """Mean target of each asked category; that of all rows for one that is not known."""
    categories, code_N = np.unique(known_N, return_inverse=True)
    mean = np.bincount(code_N, target_N) / np.bincount(code_N)
    place_M = np.searchsorted(categories, asked_M).clip(max=len(categories) - 1)
    return np.where(categories[place_M] == asked_M, mean[place_M], target_N.mean())


def _explained(answer_M: np.ndarray, target_M: np.ndarray) -> float:
    """Share of the target's spread that the answers explain."""
    spread = np.square(target_M - target_M.mean()).sum()
    return float(1 - np.square(target_M - answer_M).sum() / spread) if spread else 0.0


def _explained_by_line(value_N: np.ndarray, target_N: np.ndarray) -> float:
    """Squared correlation of the rows that have a number, if most have one."""
    there_N = np.isfinite(value_N)
    value_N, target_N = value_N[there_N], target_N[there_N].astype(np.float64)
    if there_N.mean() < 0.5 or not value_N.std() or not target_N.std():
        return 0.0
    return float(np.corrcoef(value_N, target_N)[0, 1] ** 2)
