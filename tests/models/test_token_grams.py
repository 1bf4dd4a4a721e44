"""Runs of tokens: tf-idf as scikit-learn has it, whatever the neighbours."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from stoker.cells.ragged import Ragged
from stoker.models._token_grams import choose_token_grams, runs

TEXTS = st.lists(st.lists(st.integers(0, 3), max_size=9), min_size=2, max_size=8)


def ragged(texts: list[list[int]]) -> Ragged:
    offsets = np.cumsum([0, *map(len, texts)])
    return Ragged(np.array([token for text in texts for token in text], np.int32), offsets)


def spelled(longest: int, text: list[int]) -> list[str]:
    """Every run of a text, as scikit-learn would write it."""
    return [
        " ".join(map(str, text[begin : begin + size]))
        for size in range(1, longest + 1)
        for begin in range(len(text) - size + 1)
    ]


@given(TEXTS, st.integers(1, 3))
def test_weights_are_those_of_scikit_learn(texts: list[list[int]], longest: int) -> None:
    grams = choose_token_grams(ragged(texts), longest, 1_000)
    if not len(grams.key_D):
        return
    theirs = TfidfVectorizer(
        min_df=2, sublinear_tf=True, analyzer=partial(spelled, longest)
    ).fit_transform(texts)
    ours = grams.matrix(ragged(texts))
    assert ours.shape == theirs.shape
    for row in range(len(texts)):
        ours_D, theirs_D = (np.sort(one[row].toarray()[0]) for one in (ours, theirs))
        np.testing.assert_allclose(ours_D, theirs_D, rtol=1e-5)


@given(TEXTS)
def test_a_text_alone_weighs_as_among_others(texts: list[list[int]]) -> None:
    grams = choose_token_grams(ragged(texts), 3, 50)
    together = grams.matrix(ragged(texts)).toarray()
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(grams.matrix(ragged([text])).toarray()[0], together[row])


def test_no_run_goes_from_one_text_into_the_next() -> None:
    key_G, row_G = runs(ragged([[1, 2], [], [3], [1, 2]]), 2)
    alone = [set(runs(ragged([text]), 2)[0].tolist()) for text in ([1, 2], [], [3])]
    assert [set(key_G[row_G == row].tolist()) for row in range(4)] == [*alone, alone[0]]


def test_runs_of_other_lengths_and_orders_have_other_numbers() -> None:
    texts = [[1, 2], [2, 1], [1, 1, 2], [12], [1]]
    keys = [key for text in texts for key in runs(ragged([text]), 3)[0].tolist()]
    kinds = {(tuple(t[i : i + n])) for t in texts for n in (1, 2, 3) for i in range(len(t) - n + 1)}
    assert len(set(keys)) == len(kinds)


def test_the_most_frequent_runs_are_kept_in_the_order_of_their_numbers() -> None:
    grams = choose_token_grams(ragged([[5, 4, 9], [5, 4], [5], [7]]), 1, 2)
    assert grams.key_D.tolist() == [4, 5]
    assert choose_token_grams(ragged([[5, 4, 9], [5, 4], [5], [7]]), 1, 1).key_D.tolist() == [5]
