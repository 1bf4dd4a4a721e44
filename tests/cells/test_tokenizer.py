"""Tokenisers: nothing is unknown, nothing steers a model, training repeats."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.tokenizer import encode, read_tokenizer, train_tokenizer
from stoker.core.errors import ArtifactError

TEXTS = ["the lower the better", "lower prices, better goods", "质量很好", "质量不好,价格低"] * 5
WIDE = "".join(chr(ord(sign) + 0xFEE0) for sign in "lower")
"""The same word in full-width signs."""
PLAIN = train_tokenizer(TEXTS, size=400, lower=False, normal_form="none")


def pieces(written: str, text: str) -> list[str]:
    reader = read_tokenizer(written)
    return [reader.piece(token) for token in encode(reader, [text]).values]


@given(st.text(max_size=60))
def test_any_text_is_read_back_from_its_tokens(text: str) -> None:
    reader = read_tokenizer(PLAIN)
    tokens = encode(reader, [text]).values
    assert reader.text(tokens) == (f" {text}" if text else "")  # as words inside begin


@given(st.lists(st.text(max_size=20), max_size=5))
def test_neighbours_change_no_tokens(texts: list[str]) -> None:
    reader = read_tokenizer(PLAIN)
    together = encode(reader, texts)
    for row, text in enumerate(texts):
        assert together[row].tolist() == encode(reader, [text])[0].tolist()


def test_training_repeats_whatever_the_order() -> None:
    assert train_tokenizer(TEXTS[::-1], size=400, lower=False, normal_form="none") == PLAIN


def test_han_characters_stand_alone_and_words_do_not() -> None:
    assert pieces(PLAIN, "质量好") == [" ", "质", "量", "好"]
    assert pieces(PLAIN, "lower better") == [" lower", " better"]


def test_case_and_width_tell_nothing_apart_where_asked() -> None:
    folded = train_tokenizer(TEXTS, size=400, lower=True, normal_form="nfkc")
    assert pieces(folded, "LOWER") == pieces(folded, "lower") == pieces(folded, WIDE)
    assert pieces(PLAIN, "LOWER") != pieces(PLAIN, "lower")
    composed, apart = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
    assert pieces(folded, composed) == pieces(folded, apart)


def test_names_that_steer_a_model_are_plain_text_in_a_text() -> None:
    written = json.loads(PLAIN)
    token = {"content": "<|end|>", "single_word": False, "lstrip": False, "rstrip": False}
    written["added_tokens"] = [{"id": 400, **token, "normalized": False, "special": True}]
    reader = read_tokenizer(json.dumps(written))
    tokens = encode(reader, ["well <|end|> done"]).values
    assert 400 not in tokens
    assert len(tokens) > 4


@pytest.mark.parametrize("written", ["", "{}", "no json", "[1]", '{"model": 1}'])
def test_what_is_no_tokeniser_is_one_clear_error(written: str) -> None:
    with pytest.raises(ArtifactError, match="cannot be read as a tokeniser"):
        read_tokenizer(written)


def test_padding_and_truncation_of_a_file_are_switched_off() -> None:
    written = json.loads(PLAIN)
    written["truncation"] = {
        "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    written["padding"] = {
        "strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "!",
    }  # fmt: skip
    reader = read_tokenizer(json.dumps(written))
    assert encode(reader, ["lower better lower better"]).lengths.tolist() == [4]
