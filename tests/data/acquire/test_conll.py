"""Tokens and tags, a line each, become texts and spans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.data.acquire.conll import _Tagged, spans_of
from tests.data.acquire.conftest import Acquire, Told


def write(project: Path, text: str) -> dict[str, Any]:
    (project / "a.conll").write_text(text, encoding="utf-8")
    return {"conll": {"path": "a.conll"}}


def spans(read: Acquire, spec: dict[str, Any]) -> list[Any]:
    return [json.loads(cell) for cell in read(spec).column("spans")]


SCHEMES = {
    "BIO": ["B-PER", "I-PER", "O", "B-LOC"],
    "BIOES": ["B-PER", "E-PER", "O", "S-LOC"],
    "BMES": ["B-PER", "E-PER", "O", "S-LOC"],
    "BILOU": ["B-PER", "L-PER", "O", "U-LOC"],
    "IOB1": ["I-PER", "I-PER", "O", "I-LOC"],
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_marks_the_same_spans(read: Acquire, project: Path, scheme: str) -> None:
    tokens = ["Li", "Wei", "likes", "Rome"]
    lines = [f"{token}\tNN\t{tag}" for token, tag in zip(tokens, SCHEMES[scheme], strict=True)]
    result = read(write(project, "-DOCSTART- -X- O\n\n" + "\n".join(lines) + "\n"))
    assert result.column("text") == ["Li Wei likes Rome"]
    assert [json.loads(cell) for cell in result.column("spans")] == [
        [{"start": 0, "end": 6, "label": "PER"}, {"start": 13, "end": 17, "label": "LOC"}]
    ]
    assert result.column("_line") == [3]


def test_names_side_by_side_are_two(read: Acquire, project: Path) -> None:
    lines = "王 B-PER\n明 E-PER\n李 B-PER\n京 S-LOC\n沪 S-LOC\n海 I-PER\n"
    assert spans(read, write(project, lines)) == [
        [
            {"start": 0, "end": 2, "label": "PER"},
            {"start": 2, "end": 3, "label": "PER"},
            {"start": 3, "end": 4, "label": "LOC"},
            {"start": 4, "end": 5, "label": "LOC"},
            {"start": 5, "end": 6, "label": "PER"},
        ]
    ]


def test_han_characters_stand_together_and_words_apart(
    read: Acquire, project: Path, told: Told
) -> None:
    assert read(write(project, "北 O\n京 O\nABC O\n")).column("text") == ["北京ABC"]
    assert read(write(project, "a O\n北 O\n")).column("text") == ["a 北"]
    spec = write(project, "北 O\n京 O\n")
    spec["conll"]["between"] = "blank"
    assert read(spec).column("text") == ["北 京"]
    assert told.messages == [
        "a.conll: between tokens stands nothing, as most are single Han characters",
        "a.conll: between tokens stands a blank",
    ]


BAD = {
    "x": "is a token without a tag",
    "x Z-LOC": "has the tag 'Z-LOC', which is neither O nor a label behind B-, I-, E-, S- or M-",
    "x LOC": "has the tag 'LOC'",
    "x B-": "has the tag 'B-'",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_costs_its_text_and_no_other(read: Acquire, project: Path, line: str) -> None:
    result = read(write(project, f"a O\n\nb O\n{line}\nc O\n\nd B-X\n"))
    assert result.column("text") == ["a", "d"]
    assert result.column("_line") == [1, 7]
    [reject] = result.rejects
    assert (reject["line"], reject["found"]) == (4, line)
    assert BAD[line] in reject["reason"]


def test_other_encodings_and_byte_order_marks(read: Acquire, project: Path) -> None:
    (project / "a.conll").write_bytes(b"\xef\xbb\xbfa O\r\n\r\n\xff O\r\n\r\nb B-X")
    result = read({"conll": {"path": "a.conll"}})
    assert result.column("text") == ["a", "b"]
    assert result.reasons == ["is not UTF-8 text"]


@pytest.mark.parametrize("text", ["", "\n\n", "one\ntwo\n"])
def test_a_file_without_any_tag_is_refused(read: Acquire, project: Path, text: str) -> None:
    with pytest.raises(DataError, match="no line with a token and a tag"):
        read(write(project, text))


TOKENS = st.lists(st.tuples(st.sampled_from(["a", "bc", "北"]), st.sampled_from("OBIESM")))


@given(tokens=TOKENS, joint=st.sampled_from(["", " "]))
def test_spans_lie_in_the_text_and_none_over_another(
    tokens: list[tuple[str, str]], joint: str
) -> None:
    words = [word for word, _ in tokens]
    tags = [kind if kind == "O" else f"{kind}-X" for _, kind in tokens]
    found: list[Any] = spans_of(_Tagged(1, words, tags), joint)
    text, before = joint.join(words), 0
    for one in found:
        assert before <= one["start"] < one["end"] <= len(text)
        assert text[one["start"] : one["end"]].strip() != ""
        before = one["end"]
    assert len(found) >= sum(tag[0] in "BS" for tag in tags)
