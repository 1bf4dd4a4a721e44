"""Tags, the spans that they mark, and the most probable tags that make spans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.answers.tags import TagAnswers, best_tags, spans_of, without_heads
from stoker.cells.ragged import Ragged

NAMES = ("LOC", "PER")
NUM_TAGS = 5


def ragged(rows: list[list[int]]) -> Ragged:
    lengths = [len(row) for row in rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.array(list(itertools.chain(*rows)), np.int64), offsets)


def is_allowed(tags: list[int]) -> bool:
    """Whether each I stands behind a B or an I of its label."""
    before = 0
    for tag in tags:
        if tag and tag % 2 == 0 and before not in (tag, tag - 1):
            return False
        before = tag
    return True


def plain_spans(tags: list[int]) -> list[tuple[int, int, int]]:
    """As one would write it down for one row."""
    found = []
    for first, tag in enumerate(tags):
        if tag % 2 == 1:
            behind = first + 1
            while behind < len(tags) and tags[behind] == tag + 1:
                behind += 1
            found.append((first, behind, tag // 2))
    return found


ALLOWED = st.lists(st.integers(0, NUM_TAGS - 1), max_size=9).filter(is_allowed)


@given(rows=st.lists(ALLOWED, min_size=1, max_size=6))
def test_spans_are_those_that_one_would_read(rows: list[list[int]]) -> None:
    spans = spans_of(ragged(rows))
    found = list(zip(*(part.tolist() for part in spans), strict=True))
    assert found == [(i, *span) for i, row in enumerate(rows) for span in plain_spans(row)]


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 4), min_size=1, max_size=5), seed=st.integers(0, 999))
def test_best_tags_are_the_best_of_all_that_make_spans(lengths: list[int], seed: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    share = np.random.default_rng(seed).normal(size=(int(offsets[-1]), NUM_TAGS))
    found = Ragged(best_tags(Ragged(share, offsets)), offsets)
    for row, length in enumerate(lengths):
        own = share[offsets[row] : offsets[row + 1]]
        worth = {
            tags: sum(own[place, tag] for place, tag in enumerate(tags))
            for tags in itertools.product(range(NUM_TAGS), repeat=length)
            if is_allowed(list(tags))
        }
        assert tuple(found[row].tolist()) == max(worth, key=lambda tags: worth[tags])


def test_neighbours_change_no_answer() -> None:
    share = np.random.default_rng(0).normal(size=(300, NUM_TAGS))
    offsets = np.array([0, 1, 1, 40, 290, 300])
    whole = best_tags(Ragged(share, offsets))
    for start, stop in itertools.pairwise(offsets.tolist()):
        alone = best_tags(Ragged(share[start:stop], np.array([0, stop - start])))
        np.testing.assert_array_equal(alone, whole[start:stop])


def answers(answered: list[list[int]], true: list[list[int]], lost: list[int]) -> TagAnswers:
    logits = ragged(answered)
    target = ragged([[lost[i], *row] for i, row in enumerate(true)])
    sure = 30 * np.eye(NUM_TAGS)[logits.values]
    return TagAnswers(Ragged(sure, logits.offsets), target, NAMES)


def test_a_span_counts_if_label_and_both_ends_are_right() -> None:
    true = [[1, 2, 0, 3], [3, 4, 4], []]
    found = answers([[1, 2, 0, 1], [3, 4, 0], []], true, lost=[0, 1, 0])
    assert found.hits_NT.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert found.truth_NT.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert found.answered_NT.tolist() == [[2, 0], [0, 1], [0, 0]]
    assert found.at_a_glance() == pytest.approx(2 * 1 / (3 + 1 + 3)), "a lost span was missed"
    assert found.wrong_N.tolist() == [True, True, False]
    assert found.distance_N.tolist() == [2, 3, 0]
    assert found.right_N.tolist() == [3, 2, 0]
    assert found.told(1) == (
        "PER (token 1 to 3) and 1 that no tokens can mark",
        "PER (token 1 to 2)",
        None,
    )


@given(rows=st.lists(ALLOWED, min_size=1, max_size=6))
def test_right_tags_are_worth_one(rows: list[list[int]]) -> None:
    found = answers(rows, rows, [0] * len(rows))
    assert found.at_a_glance() == 1
    assert not found.wrong_N.any()
    assert found.loss_N == pytest.approx(np.zeros(len(rows)), abs=1e-9)
    np.testing.assert_array_equal(found.hits_NT, found.truth_NT)


def test_a_loss_is_that_of_a_rows_tags_together() -> None:
    logits = Ragged(np.zeros((3, NUM_TAGS)), np.array([0, 2, 2, 3]))
    found = TagAnswers(logits, ragged([[0, 0, 1], [0], [0, 3]]), NAMES)
    np.testing.assert_allclose(found.loss_N, np.log(NUM_TAGS) * np.array([2, 0, 1]))
    np.testing.assert_allclose(found.belief_NK[0], np.full(NUM_TAGS, 1 / NUM_TAGS))


def test_heads_are_taken_off_wherever_rows_are_empty() -> None:
    head_N, tags = without_heads(ragged([[4], [1, 7, 8], [0]]))
    assert head_N.tolist() == [4, 1, 0]
    assert [tags[i].tolist() for i in range(3)] == [[], [7, 8], []]
