"""Several labels a row: how cells are read, and what is told of labels that nobody knows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.bundle.decision import Decision, check_threshold
from stoker.bundle.fit_decision import fit_decision
from stoker.cells.label_lists import read_labels
from stoker.core.errors import DataError, RecipeError
from stoker.core.events import recording
from stoker.models import Model, check_answers
from stoker.models.bag import Bag
from stoker.models.blend import Blend
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.mlp import Mlp
from stoker.plan.presets import choose_model
from stoker.tasks.labels import FittedLabels, Labels

TOPICS = FittedLabels(classes=("art", "war"), counts=(1, 3), num_rows=4, delimiter=";")


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True), min_size=1, max_size=9))
def test_lists_json_and_delimited_texts_are_read_alike(rows: list[list[str]]) -> None:
    expected = [tuple(row) for row in rows]
    texts = [";".join(row) or ";" for row in rows]
    json_texts = [str(row).replace("'", '"') for row in rows]
    assert read_labels(pa.array(rows, pa.list_(pa.string()))).rows == expected
    assert read_labels(pa.array(json_texts)).rows == expected
    assert read_labels(pa.array(texts), ";").rows == expected


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["[1, "], None),
        (["[1,]"], "no JSON list"),
        (['[["a"]]'], "something else"),
        (["[null]"], "something else"),
    ],
)
def test_what_is_no_list_of_labels_is_a_bad_cell(cells: list[str], reason: str | None) -> None:
    read = read_labels(pa.array(cells))
    assert [reason is not None and reason in bad.reason for bad in read.bad] == [True] * bool(
        reason
    )


def test_a_truth_is_a_vector_and_an_empty_list_is_no_gap() -> None:
    column = pa.chunked_array([["war;art", ";", None, " "]])
    done = TOPICS.encode(column)
    assert done.values[:2].tolist() == [[1, 1], [0, 0]]
    assert [bad.index for bad in done.bad] == [2, 3]
    assert Labels(delimiter=";").missing_N(column).tolist() == [False, False, True, True]


def test_labels_that_training_never_saw_are_told_and_counted() -> None:
    with recording() as lines:
        done = TOPICS.encode(pa.array(["war;sea", "sea", "art"]))
    assert done.values.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert [(bad.index, bad.found) for bad in done.bad] == [(1, "sea")]
    assert done.unseen_N is not None
    assert done.unseen_N.tolist() == [True, True, False]
    assert "2 rows have labels that training never saw: 'sea' (2)" in lines[0].text


def test_a_target_without_any_list_is_told() -> None:
    with recording() as lines:
        Labels().fit(pa.chunked_array([["a;b", "b;c", "a;b", "b;c"]]))
    assert "no row has more than one label" in lines[0].text
    with pytest.raises(DataError, match="is no JSON list"):
        Labels().fit(pa.chunked_array([["[a]", "[b]"]]))


def test_an_older_version_is_compared_by_its_labels() -> None:
    turned = FittedLabels(classes=("war", "art"), counts=(3, 1), num_rows=4)
    assert TOPICS.why_not_like(turned) == ""
    assert TOPICS.outputs_from(turned, np.array([[1.0, 2.0]])).tolist() == [[2.0, 1.0]]
    other = FittedLabels(classes=("art", "sea"), counts=(3, 1), num_rows=4)
    assert TOPICS.why_not_like(other) == "it knows other labels: 'war' is new, 'sea' is gone"


@given(st.integers(0, 99))
def test_the_threshold_is_never_worse_on_the_rows_it_was_chosen_on(seed: int) -> None:
    generator = np.random.default_rng(seed)
    target_NK = (generator.random((60, 2)) < 0.4).astype(np.uint8)
    output_NK = (2.0 * target_NK - 3 + generator.normal(size=(60, 2))).astype(np.float32)
    decision = fit_decision(output_NK, target_NK, TOPICS)
    plain = TOPICS.answers(output_NK, target_NK).at_a_glance()
    assert TOPICS.answers(output_NK, target_NK, decision.weights).at_a_glance() >= plain
    assert decision.temperature == 1
    assert decision.share is None
    assert decision.threshold is None
    assert decision.fits(2)
    told = TOPICS.decode(output_NK, decision.weights)["prediction"].to_pylist()
    answered_NK = TOPICS.answers(output_NK, target_NK, decision.weights).answer_NK
    assert [len(one) for one in told] == answered_NK.sum(axis=1).tolist()


def test_two_labels_are_not_two_classes() -> None:
    with pytest.raises(RecipeError, match="no threshold"):
        check_threshold(TOPICS, "news")
    output_NK, target_NK = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.uint8)
    with pytest.raises(RecipeError, match="answers to this target are label sets"):
        fit_decision(output_NK, target_NK, TOPICS, aim="f1")
    with pytest.raises(RecipeError, match="class_weights needs classes"):
        TOPICS.class_weights("balanced")
    assert Decision(weights=(2.0,)).threshold is None


@pytest.mark.parametrize("model", [Blend(), BoostedTrees()])
def test_a_model_that_cannot_says_so(model: Model) -> None:
    with pytest.raises(RecipeError, match="cannot be fitted for label sets; it is for classes"):
        check_answers(model, Labels.gives)


def test_the_preset_takes_a_model_that_can() -> None:
    table, _ = choose_model("good", picture=None, has_table=True, num_rows=99, gives=Labels.gives)
    texts, _ = choose_model(
        "good", picture=None, has_table=True, num_rows=99, texts="rows", gives=Labels.gives
    )
    picture, _ = choose_model(
        "good", picture=(3, 32, 32), has_table=False, num_rows=99, gives=Labels.gives
    )
    assert (type(table), type(texts)) == (Mlp, Bag)
    for model in (table, texts, picture):
        check_answers(model, Labels.gives)
