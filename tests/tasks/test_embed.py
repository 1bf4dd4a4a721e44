"""What belongs together, as numbers; who is near to whom, with chance where nothing is told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.answers.vectors import VectorAnswers
from stoker.core.errors import DataError
from stoker.evaluate.score import evaluate, evaluate_all
from stoker.recipe.load import load_recipe
from stoker.tasks import group_column
from stoker.tasks.embed import Embed, FittedEmbed

TASK = FittedEmbed()


def test_numbers_of_labels_are_those_of_any_part_and_any_spelling() -> None:
    whole = TASK.encode(pa.array(["3", "dog", "犬", "3"])).values
    again = TASK.encode(pa.chunked_array([pa.array([3.0])])).values
    assert whole[0] == whole[3] == again[0]
    assert len(set(whole.tolist())) == 3


@pytest.mark.parametrize(
    ("cells", "said"), [(["1", "2", "3"], "no two of 3"), (["1", "1"], "all of 2 training rows")]
)
def test_rows_of_which_nothing_can_be_learned_are_refused(cells: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Embed().fit(pa.chunked_array([cells]))


def test_a_part_without_partners_is_refused_and_not_scored() -> None:
    with pytest.raises(DataError, match="no two of 3 rows belong together"):
        evaluate(np.eye(3), np.arange(3), TASK, seed=0)


def test_one_vector_for_all_is_worth_chance() -> None:
    code_N = np.repeat(np.arange(25), 4)
    found = evaluate_all(
        {"model": np.random.default_rng(0).normal(size=(100, 8))}, code_N, TASK, seed=0,
        resamples=100, constant=True,
    )  # fmt: skip
    constant = found["constant"].metrics
    assert constant["recall_at_1"].value == pytest.approx(3 / 99)
    missed = np.prod([(96 - place) / (99 - place) for place in range(10)])
    assert constant["recall_at_10"].value == pytest.approx(1 - missed)
    assert found["model"].headline == "recall_at_1"
    assert found["model"].over_constant is not None


def test_ranks_are_those_of_a_plain_sort() -> None:
    random = np.random.default_rng(1)
    vector_ND, code_N = random.normal(size=(70, 5)), random.integers(0, 30, 70)
    answers = VectorAnswers.of_vectors(vector_ND, code_N)
    unit_ND = vector_ND / np.linalg.norm(vector_ND, axis=1, keepdims=True)
    for row in range(70):
        order = np.argsort(-unit_ND @ unit_ND[row], kind="stable")
        order = order[order != row]
        places = np.flatnonzero(code_N[order] == code_N[row])
        assert answers.asked_N[row] == bool(len(places))
        if len(places):
            assert answers.reciprocal_N[row] == pytest.approx(1 / (places[0] + 1))
            assert answers.within_N(10)[row] == (places[0] < 10)


@given(st.integers(0, 99))
def test_blocks_change_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    vector_ND, code_N = random.integers(-2, 3, (40, 3)), random.integers(0, 12, 40)
    whole = VectorAnswers.of_vectors(vector_ND, code_N)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stoker.answers.vectors._BLOCK_CELLS", 120)
        cut = VectorAnswers.of_vectors(vector_ND, code_N)
    np.testing.assert_array_equal(cut.reciprocal_N, whole.reciprocal_N)


def test_rows_of_one_target_stay_together_unless_the_recipe_says_otherwise() -> None:
    data = {"sources": [{"csv": {"path": "a.csv"}}]}
    inputs, common = {"text": "tokens"}, {"version": 1, "name": "m"}
    said = {**common, "data": data, "inputs": inputs, "target": {"pair": "embed"}}
    assert group_column(load_recipe(said)) == "pair"
    assert group_column(load_recipe({**said, "target": {"pair": "classify"}})) is None
    grouped = {**said, "data": {**data, "split": {"group": "book"}}}
    assert group_column(load_recipe(grouped)) == "book"
