"""Spans of a text become tags of its tokens and come back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.cells.ragged import Ragged
from stoker.core.errors import DataError, RecipeError
from stoker.core.events import recording
from stoker.features.number import FittedNumber
from stoker.features.tokens import FittedTokens, Tokens
from stoker.tasks.tag import FittedTag, Tag, read_spans

TEXTS = ["Anna lives in Bonn", "北京大学 in 北京", "nothing here", "naïve José, 😀 and Zoë"]
FEATURE: FittedTokens = Tokens(size=400, lower=True).fit(pa.chunked_array([TEXTS * 5]))
TASK = FittedTag(text="text", names=("LOC", "PER"), counts=(3, 2))


def about(texts: list[str | None], feature: FittedTokens = FEATURE) -> FittedTag:
    return TASK.about(pa.table({"text": pa.array(texts, pa.string())}), {"text": feature})


def as_logits(target: Ragged) -> Ragged:
    """Sure of the tags of an encoded target."""
    is_head = np.zeros(len(target.values), bool)
    is_head[target.offsets[:-1]] = True
    sure = 20 * np.eye(TASK.output.width)[target.values[~is_head]]
    return Ragged(sure, target.offsets - np.arange(len(target.offsets)))


def plain(answers: pa.Table) -> list[list[tuple[int, int, str]]]:
    rows = answers["prediction"].to_pylist()
    return [[(s["start"], s["end"], s["label"]) for s in row] for row in rows]


WORDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Anna", "Bonn", "北京", "大", "😀", "José", "x", "cafe\u0301", "\uff21\uff11"]
        ),
        st.sampled_from(["", "LOC", "PER"]),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(WORDS, min_size=1, max_size=4), blank=st.sampled_from([" ", "  ", ", "]))
def test_spans_of_words_come_back_as_they_were(rows: Any, blank: str) -> None:
    texts, spans = [], []
    for row in rows:
        text, found = "", []
        for word, label in row:
            if label:
                found.append((len(text), len(text) + len(word), label))
            text += word + blank
        texts.append(text)
        spans.append(found)
    task = about(texts)
    done = task.encode(pa.array([json.dumps(found) for found in spans]))
    target = done.rows()
    assert not done.bad
    assert isinstance(target, Ragged)
    assert target.values[target.offsets[:-1]].tolist() == [0] * len(rows), "none is lost"
    answers = task.decode(as_logits(target))
    assert plain(answers) == spans
    for text, row in zip(texts, answers["prediction"].to_pylist(), strict=True):
        assert all(text[one["start"] : one["end"]] == one["text"] for one in row)


def test_what_no_tokens_can_mark_is_counted_and_never_answered() -> None:
    spans = [[[1, 4, "PER"], [14, 18, "LOC"]], [[0, 4, "LOC"]], []]
    texts: list[str | None] = ["Anna lives in Bonn", "北京大学 in 北京", "nothing here"]
    task = about(texts, FEATURE.model_copy(update={"max_length": 3}))
    target = task.encode(pa.array([json.dumps(found) for found in spans])).rows()
    assert isinstance(target, Ragged)
    lost = target.values[target.offsets[:-1]].tolist()
    assert lost == [2, 1, 0], "one begins inside a token, others lie behind the third"
    found = TASK.answers(as_logits(target), target)
    assert found.at_a_glance() == 0, "of three spans none is found"


BAD = {
    "Anna": "is no list of spans",
    '{"start": 0}': "is no list of spans",
    "[7]": "holds 7, which is no span: start, end and label",
    '[{"start": 3, "end": 3, "label": "PER"}]': "which is no span",
    '[{"start": true, "end": 2, "label": "PER"}]': "which is no span",
    '[[0, 19, "PER"]]': "holds the span 0 to 19, and the text has 18 characters",
    '[[0, 4, "PER"], [3, 5, "LOC"]]': "holds the span 3 to 5, which lies over another one",
    '[[0, 4, "ORG"]]': "with the label 'ORG', which training never saw",
    "": "is missing; a list of spans is needed, [] for none",
}


@pytest.mark.parametrize("cell", BAD)
def test_a_cell_that_is_no_list_of_spans_is_bad_and_others_are_kept(cell: str) -> None:
    texts: list[str | None] = ["Anna lives in Bonn"] * 2
    done = about(texts).encode(pa.array([cell, '[[0, 4, "PER"]]']))
    assert [bad.index for bad in done.bad] == [0]
    assert BAD[cell] in done.bad[0].reason
    rows = done.rows()
    assert isinstance(rows, Ragged)
    assert rows[1].max() > 0


def test_spans_of_parquet_are_read_as_they_are() -> None:
    spans = [[{"start": 0, "end": 4, "label": "PER"}], []]
    task = about(["Anna lives", "x"])
    one, other = (task.encode(pa.array(given)).rows() for given in (spans, map(json.dumps, spans)))
    assert isinstance(one, Ragged)
    assert isinstance(other, Ragged)
    np.testing.assert_array_equal(one.values, other.values)


def test_labels_are_learned_and_rare_ones_are_told() -> None:
    cells = ['[[0, 4, "PER"]]', '[[0, 4, "PER"], [5, 6, "LOC"]]', "[]", None]
    with recording() as told:
        fitted = Tag(text="text").fit(pa.chunked_array([cells]))
    assert (fitted.names, fitted.counts) == (("LOC", "PER"), (1, 2))
    assert any("'LOC'" in str(one) for one in told)


def test_no_span_in_sight_is_an_error_that_shows_the_form() -> None:
    with pytest.raises(DataError, match=r"no span among 2.*'Anna', which is no list"):
        Tag(text="text").fit(pa.chunked_array([["Anna", "Bonn"]]))


def test_a_text_that_is_no_input_or_no_tokens_is_refused() -> None:
    rows = pa.table({"text": ["x"]})
    number = FittedNumber(mean=0, std=1, low=0, high=1, had_missing=False, raw=True)
    for inputs, what in (({}, "is no input"), ({"text": number}, "is not read as tokens")):
        with pytest.raises(RecipeError, match=what):
            TASK.about(rows, inputs)


def test_missing_targets_are_empty_cells_and_no_empty_lists() -> None:
    cells = pa.array(["[]", "", None, " ", '[[0, 1, "PER"]]'])
    assert Tag(text="t").missing_N(cells).tolist() == [False, True, True, True, False]
    assert Tag(text="t").missing_N(pa.array([[], None], pa.list_(pa.int8()))).tolist() == [
        False,
        True,
    ]


@pytest.mark.parametrize("given", ["[" * 5_000, "{", "NaN", "1", "null"])
def test_odd_json_is_no_list(given: str) -> None:
    assert isinstance(read_spans(given), str)
