"""Shares: exact for single rows, those of scikit-learn for labels, fair for large groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from stoker.data.split import SplitRows
from stoker.data.split._balance import apportion, balanced, targets
from stoker.data.units import unite


def rows(unit_N: np.ndarray) -> SplitRows:
    size = int(unit_N.max()) + 1
    key_U = np.random.default_rng(0).integers(0, 2**64, size, dtype=np.uint64)
    return SplitRows(unit_N=unit_N, key_U=key_U, label_N=None, time_N=None)


@given(st.lists(st.integers(4, 200), min_size=2, max_size=6), st.integers(0, 1000))
def test_labels_are_divided_as_scikit_learn_does(counts: list[int], seed: int) -> None:
    label_N = np.repeat(np.arange(len(counts)), counts)
    size = len(label_N)
    num_test = int(np.floor(0.3 * size + 0.5))
    if num_test < len(counts) or size - num_test < len(counts):
        return
    part_N = balanced(rows(np.arange(size)), label_N, test=0.3, validation=0, seed=seed)
    ours = np.bincount(label_N[part_N == 2], minlength=len(counts))
    theirs = StratifiedShuffleSplit(1, test_size=num_test, random_state=seed)
    _, index = next(theirs.split(label_N, label_N))
    reference = np.bincount(label_N[index], minlength=len(counts))
    assert ours.sum() == num_test
    # equal remainders are rounded in an order drawn from the seed, by them and by us
    exact = np.array(counts) * num_test / size
    last_rounded_up = sorted([*(exact % 1), 2.0], reverse=True)[round(sum(exact % 1))]
    tied = np.isclose(exact % 1, last_rounded_up)
    np.testing.assert_array_equal(ours[~tied], reference[~tied])
    assert np.abs(ours - exact).max() < 1 + 1e-9


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_apportioning_gives_the_total_and_never_too_much(counts: list[int], data) -> None:
    count_K = np.array(counts)
    total = data.draw(st.integers(0, sum(counts)))
    given_K = apportion(count_K, total, data.draw(st.integers(0, 99)))
    assert given_K.sum() == total
    assert (given_K <= count_K).all()
    assert (given_K >= np.floor(count_K * total / max(sum(counts), 1) - 1e-9)).all()


def test_single_rows_meet_their_shares_exactly() -> None:
    part_N = balanced(
        rows(np.arange(1000)), np.zeros(1000, np.int64), test=0.15, validation=0.25, seed=3
    )
    assert np.bincount(part_N).tolist() == [600, 250, 150]


@pytest.mark.parametrize("seed", range(8))
def test_five_equal_groups_leave_no_part_empty(seed: int) -> None:
    unit_N = np.repeat(np.arange(5), 20)
    part_N = balanced(rows(unit_N), np.zeros(100, np.int64), test=0.15, validation=0.15, seed=seed)
    assert np.bincount(part_N).tolist() == [60, 20, 20]


def test_a_giant_group_trains() -> None:
    unit_N = np.concatenate([np.zeros(500, np.int64), np.arange(1, 501)])
    part_N = balanced(rows(unit_N), np.zeros(1000, np.int64), test=0.2, validation=0.2, seed=1)
    assert part_N[0] == 0
    assert np.bincount(part_N).tolist() == [600, 200, 200]


def test_groups_of_mixed_labels_keep_the_shares_nearly() -> None:
    generator = np.random.default_rng(0)
    unit_N = np.sort(generator.integers(0, 200, 4000))
    label_N = (generator.random(4000) < 0.2).astype(np.int64)
    _, unit_N = np.unique(unit_N, return_inverse=True)
    part_N = balanced(rows(unit_N), label_N, test=0.2, validation=0.2, seed=0)
    for part in range(3):
        assert abs(label_N[part_N == part].mean() - label_N.mean()) < 0.01


def test_seeds_differ() -> None:
    same = np.zeros(200, np.int64)
    one, two = (
        balanced(rows(np.arange(200)), same, test=0.5, validation=0, seed=s) for s in (1, 2)
    )
    assert 60 < (one != two).sum() < 140


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 9)), min_size=1, max_size=40))
def test_units_are_the_connected_parts(pairs: list[tuple[int, int]]) -> None:
    content, group = zip(*pairs, strict=True)
    unit_N = unite(np.array(content), np.array(group))
    parent = list(range(len(pairs)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, (c, g) in enumerate(pairs):
        for j, (d, h) in enumerate(pairs[:i]):
            if c == d or (g == h and g >= 0):
                parent[root(i)] = root(j)
    for i in range(len(pairs)):
        for j in range(i):
            assert (unit_N[i] == unit_N[j]) == (root(i) == root(j))
    assert unit_N[0] == 0
    assert (np.diff(np.maximum.accumulate(unit_N)) <= 1).all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [40, 200, 3000])
def test_a_label_of_three_rows_stands_in_every_part(size: int, seed: int) -> None:
    label_N = (np.arange(size) < 3).astype(np.int64)
    part_N = balanced(rows(np.arange(size)), label_N, test=0.15, validation=0.15, seed=seed)
    assert sorted(part_N[:3].tolist()) == [0, 1, 2]
    held = round(0.15 * size)
    assert np.bincount(part_N).tolist() == [size - 2 * held, held, held]


@pytest.mark.parametrize("seed", range(4))
def test_a_label_of_two_rows_is_learned_and_checked(seed: int) -> None:
    label_N = (np.arange(200) < 2).astype(np.int64)
    part_N = balanced(rows(np.arange(200)), label_N, test=0.2, validation=0, seed=seed)
    assert sorted(part_N[:2].tolist()) == [0, 2]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(0, 99))
def test_labels_give_only_what_they_can_spare(counts: list[int], seed: int) -> None:
    count_K = np.array([*counts, 200])
    found_PK = targets(count_K, test=0.15, validation=0.15, seed=seed)
    assert (found_PK >= 0).all()
    np.testing.assert_array_equal(found_PK.sum(axis=0), count_K)
    held = int(np.floor(0.15 * count_K.sum() + 0.5))
    assert found_PK.sum(axis=1).tolist() == [count_K.sum() - 2 * held, held, held]
    share_K = count_K * held / count_K.sum()
    assert (found_PK[2] >= np.minimum(share_K - 2, 0.9 * share_K) - 1e-9).all()
    assert (found_PK[0, count_K > 2] >= 1).all()
