"""Texts of any length as tokens: nothing lost unsaid, missing is no token, cut where asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.features.tokens import FittedTokens, Tokens

REVIEWS = ["Good, very good", "bad and late", "质量很好", "质量不好"] * 9


def fit(cells: list, **options: object) -> FittedTokens:
    step = Tokens.model_validate({"size": 300, **options})
    return step.fit(pa.chunked_array([pa.array(cells, pa.string())]))


def lengths(fitted: FittedTokens, *cells: str | None) -> list[int]:
    done = fitted.transform(pa.array(cells, pa.string()))
    assert done.offsets is not None
    return np.diff(done.offsets).tolist()


def test_missing_cells_have_no_token() -> None:
    assert lengths(fit(REVIEWS), None, "", " n/a ", "缺失", "bad")[:4] == [0, 0, 0, 0]


def test_a_text_is_cut_where_the_recipe_says_and_not_otherwise() -> None:
    long = " ".join(["good"] * 1_000)
    assert lengths(fit(REVIEWS), long) == [1_000]
    assert lengths(fit(REVIEWS, max_length=7), long, "good") == [7, 1]


def test_the_first_tokens_of_a_cut_text_stay() -> None:
    whole, cut = fit(REVIEWS), fit(REVIEWS, max_length=2)
    column = pa.array(["good bad late", "late", None, "bad bad bad bad"])
    rows = whole.transform(column).rows()
    short = cut.transform(column).rows()
    for row in range(len(column)):
        assert short[row].tolist() == rows[row][:2].tolist()


def told(**options: object) -> list[str]:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fit([*REVIEWS, " ".join(["good"] * 30)], **options)
    return lines


def test_what_a_model_will_not_see_is_told_once() -> None:
    (line,) = told(max_length=10)
    assert "1 of 37 texts are longer than max_length 10" in line
    assert "the longest has 30" in line
    assert told(max_length=30) == told() == []


def test_a_tokeniser_of_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    own = fit(REVIEWS)
    path = tmp_path / "\u8bcd.json"
    path.write_text(own.tokenizer, "utf-8")
    read = fit(["something else"], tokenizer=str(path))
    assert read.tokenizer == own.tokenizer
    assert lengths(read, "good, bad") == lengths(own, "good, bad")


def test_a_file_that_is_no_tokeniser_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        fit(REVIEWS, tokenizer=str(tmp_path / "none.json"))
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(RecipeError, match="cannot be read as a tokeniser"):
        fit(REVIEWS, tokenizer=str(tmp_path / "other.json"))


def test_numbers_are_no_text() -> None:
    with pytest.raises(DataError, match="not text"):
        Tokens().fit(pa.chunked_array([pa.array([1, 2])]))
    done = fit(REVIEWS).transform(pa.array([1, None]))
    assert [bad.index for bad in done.bad] == [0]
    assert done.rows().lengths.tolist() == [0, 0]  # pyrefly: ignore


def test_case_is_kept_where_the_recipe_says_so() -> None:
    asked = pa.array(["GOOD"])
    same = fit(REVIEWS).transform(pa.array(["good"])).values.tolist()
    assert fit(REVIEWS).transform(asked).values.tolist() == same
    assert fit(REVIEWS, lower=False).transform(asked).values.tolist() != same
