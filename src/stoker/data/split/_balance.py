"""Give units to parts so that every part gets its share of rows, and of each label.

First, how many rows of each label each part should get: the exact shares rounded by largest
remainder, so that parts have the right size and no label is off by more than one row.  A label of
enough rows that would miss a part by its share gets a row there, from one that can give it and
stays within two rows or a tenth of its own share; where there are many such, some stay without.
Then the
units: those with several labels, and those that are large beside a part, are placed one by one,
largest first, each in the part that its own random number likes while there is room for it, and
else where it leaves the smallest squared miss; all others are taken in the order of their random
numbers, label by label, until a part is full.

Both ways a unit goes by its own number first, so rows that come later move only few old ones.

Cost: a few sorts of all units, and a Python step only for a unit that is mixed or large.

Source: largest remainder is Hamilton's method of apportionment; the greedy order is that of Graham
1969, "Bounds on Multiprocessing Timing Anomalies".
"""

from __future__ import annotations

import numpy as np

from stoker.data.split import SplitRows

_LARGE = 0.02
"""Units with more than this share of the smallest wanted part are placed one by one."""

_TENTH = 0.1
"""Share of its rows in a part that a label gives to labels that have none there."""

_KEPT = 0.1
"""Share of the wanted rows of each label that only units placed by their cost fill, so that labels
can still be brought into balance; with it the shares of labels are about as good as if all units
were placed so, and a row that comes later moves some percent of the units instead of a third."""


def balanced(
    rows: SplitRows, label_N: np.ndarray, *, test: float, validation: float, seed: int
) -> np.ndarray:
    """Part of each row as int8, 0 train, 1 validation, 2 test.

    Args:
        rows: Open rows.
        label_N: Codes of what to keep in balance, int64 0..K-1; all zero for nothing.
        test: Share of rows for test.
        validation: Share of rows for validation.
        seed: Source of all randomness.
    """
    draw_U = rows.draw_U(seed)
    wanted_PK = targets(np.bincount(label_N), test=test, validation=validation, seed=seed)
    part_U = np.full(len(draw_U), -1, np.int8)
    low_U, high_U = _label_range(rows, label_N)
    smallest = min((n for n in wanted_PK.sum(axis=1) if n > 0), default=0)
    single = (low_U != high_U) | ((rows.size_U > 1) & (rows.size_U > _LARGE * smallest))
    order = np.lexsort((draw_U, -rows.size_U))
    liked_U = _liked(draw_U, test=test, validation=validation)
    _place(order[single[order]], liked_U, rows, label_N, wanted_PK, part_U)
    rest = order[~single[order]]
    rest = rest[np.lexsort((draw_U[rest], low_U[rest]))]
    _fill(rest, rows.size_U, low_U, wanted_PK, part_U)
    return part_U[rows.unit_N]


def targets(count_K: np.ndarray, *, test: float, validation: float, seed: int) -> np.ndarray:
    """Rows of each label that train, validation and test should get, int64, shape (3, K).

    >>> targets(np.array([10, 10]), test=0.3, validation=0.2, seed=0)
    array([[5, 5],
           [2, 2],
           [3, 3]])
    """
    total = int(count_K.sum())
    num_test = int(np.floor(test * total + 0.5))
    num_validation = min(int(np.floor(validation * total + 0.5)), total - num_test)
    test_K = apportion(count_K, num_test, seed)
    test_K = _none_missing(test_K, count_K, count_K > 1 + (num_validation > 0), seed)
    left_K = count_K - test_K
    validation_K = apportion(left_K, num_validation, seed + 1)
    validation_K = _none_missing(validation_K, left_K, left_K > 1, seed + 1)
    return np.stack([count_K - test_K - validation_K, validation_K, test_K])


def apportion(count_K: np.ndarray, total: int, seed: int) -> np.ndarray:
    """`total` divided in proportion to the counts, whole numbers, none above its count.

    Largest remainders are rounded up; equal ones in an order drawn from the seed.

    >>> apportion(np.array([50, 30, 20]), 11, 0).tolist()
    [6, 3, 2]
    """
    exact_K = count_K * (total / max(int(count_K.sum()), 1))
    floor_K = np.floor(exact_K + 1e-9).astype(np.int64)
    left = total - int(floor_K.sum())
    tie_K = np.random.default_rng(seed).permutation(len(count_K))
    remainder_K = np.round(exact_K - floor_K, 9)
    remainder_K[floor_K >= count_K] = -1
    floor_K[np.lexsort((tie_K, -remainder_K))[:left]] += 1
    return floor_K


def _none_missing(
    given_K: np.ndarray, count_K: np.ndarray, can_K: np.ndarray, seed: int
) -> np.ndarray:
    """The same total, with one row of each label that has a row to spare and got none.

    Args:
        given_K: Rows of each label that a part gets by its share.
        count_K: Rows of each label that there are.
        can_K: Whether a label has enough rows to give the part one.
        seed: Orders labels that are alike.

    >>> _none_missing(np.array([9, 1, 0]), np.array([90, 7, 3]), np.array([True, True, True]), 0)
    array([8, 1, 1])
    """
    given_K = given_K.copy()
    share_K = count_K * (given_K.sum() / max(int(count_K.sum()), 1))
    tie_K = np.random.default_rng(seed).permutation(len(count_K))
    least_K = np.maximum(np.minimum(share_K - 2, (1 - _TENTH) * share_K), 1)
    missing = np.flatnonzero((given_K == 0) & can_K & (given_K.sum() > 0))
    for label in missing[np.argsort(tie_K[missing])]:
        surplus_K = np.where(given_K - 1 >= least_K, np.round(given_K - share_K, 9), -np.inf)
        giver = np.lexsort((tie_K, -given_K, -np.minimum(surplus_K, 0)))[0]
        if np.isneginf(surplus_K[giver]):
            break
        given_K[[giver, label]] += -1, 1
    return given_K


def _label_range(rows: SplitRows, label_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest label of each unit."""
    low_U = np.full(len(rows.key_U), np.iinfo(np.int64).max)
    high_U = np.full(len(rows.key_U), -1)
    np.minimum.at(low_U, rows.unit_N, label_N)
    np.maximum.at(high_U, rows.unit_N, label_N)
    return low_U, high_U


def _liked(draw_U: np.ndarray, *, test: float, validation: float) -> np.ndarray:
    """Part of each unit by its random number alone, which no other unit can change."""
    share_U = draw_U.astype(np.float64) / 2.0**64
    return np.where(share_U < test, 2, np.where(share_U < test + validation, 1, 0))


def _place(
    units: np.ndarray,
    liked_U: np.ndarray,
    rows: SplitRows,
    label_N: np.ndarray,
    wanted_PK: np.ndarray,
    part_U: np.ndarray,
) -> None:
    """Place units one by one; writes their parts, and takes their rows off `wanted_PK`."""
    if not len(units):
        return
    by_unit = np.argsort(rows.unit_N, kind="stable")
    end_U = rows.size_U.cumsum()
    weight_K = 1 / np.maximum(wanted_PK.sum(axis=0), 1)
    is_open_P = wanted_PK.sum(axis=1) > 0
    kept_PK = wanted_PK * (_KEPT if wanted_PK.shape[1] > 1 else 0)
    for unit in units:
        of_unit = label_N[by_unit[end_U[unit] - rows.size_U[unit] : end_U[unit]]]
        labels, counts = np.unique(of_unit, return_counts=True)
        want_PL = wanted_PK[:, labels]
        change_PL = ((want_PL - counts) ** 2 - want_PL**2) * weight_K[labels]
        cost_P = np.where(is_open_P, change_PL.sum(axis=1), np.inf)
        part = int(liked_U[unit])
        if not (counts <= want_PL[part] - kept_PK[part, labels]).all():
            part = int(cost_P.argmin())
        wanted_PK[part, labels] -= counts
        part_U[unit] = part


def _fill(
    units: np.ndarray,
    size_U: np.ndarray,
    label_U: np.ndarray,
    wanted_PK: np.ndarray,
    part_U: np.ndarray,
) -> None:
    """Place units of one label each, sorted by label and draw, until each part has its rows."""
    left_PK = np.maximum(wanted_PK, 0)
    size_K = np.zeros(left_PK.shape[1])
    np.add.at(size_K, label_U[units], size_U[units])
    scale_K = size_K / np.maximum(left_PK.sum(axis=0), 1)
    until_test_K = left_PK[2] * scale_K
    until_validation_K = (left_PK[2] + left_PK[1]) * scale_K
    sizes, labels = size_U[units], label_U[units]
    before_K = np.concatenate([[0], size_K.cumsum()[:-1]])
    middle = sizes.cumsum() - sizes / 2 - before_K[labels]
    in_test = middle < until_test_K[labels]
    in_validation = middle < until_validation_K[labels]
    part_U[units] = np.where(in_test, 2, np.where(in_validation, 1, 0))
