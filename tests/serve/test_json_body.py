"""JSON bodies have one meaning: read as the strict reader of the standard library reads them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stoker.core import strict_json
from stoker.serve.json_body import parse_json
from stoker.serve.messages import Refusal

KEYS = st.sampled_from(["a", "b", ":", '":', "\\", '\\"', "é", "\n"]) | st.text(max_size=4)
STRINGS = st.text(st.sampled_from(list('":\\{}[], a\u00e9\u0000\U0001f600')), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | STRINGS | st.text(max_size=5)
SPACES = st.sampled_from(["", " ", "\n\t "])


@st.composite
def json_texts(draw: st.DrawFn, depth: int = 3) -> str:
    """Any JSON text: keys may stand twice, be written with escapes, and have spaces around."""

    def string(text: str) -> str:
        ascii_only, escapes = draw(st.booleans()), draw(st.booleans())
        parts = (
            f"\\u{ord(c):04x}"
            if escapes and c in "a:"
            else json.dumps(c, ensure_ascii=ascii_only)[1:-1]
            for c in text
        )
        return f'"{"".join(parts)}"'

    space = draw(SPACES)
    kind = draw(st.sampled_from(["leaf", "list", "object", "object"])) if depth else "leaf"
    if kind == "leaf":
        value = draw(LEAVES)
        return string(value) if isinstance(value, str) else json.dumps(value)
    parts = draw(st.lists(json_texts(depth=depth - 1), max_size=4))
    if kind == "list":
        return f"[{space}{f',{space}'.join(parts)}]"
    pairs = [f"{string(draw(KEYS))}{space}:{space}{part}" for part in parts]
    return f"{{{space}{f'{space},'.join(pairs)}{space}}}"


def strictly(text: str) -> Any:
    """What the standard library's strict reader says: a value, or why it has none."""
    try:
        return ("value", strict_json.parse_json(text))
    except ValueError as error:
        return ("refused", "twice" in str(error))


def as_served(text: str) -> Any:
    try:
        return ("value", parse_json(text.encode()))
    except Refusal as refusal:
        return ("refused", "stands twice" in refusal.what)


@settings(deadline=None, max_examples=1000)
@given(json_texts())
@example('{"a": "x", "\\u0061": 1}')
@example('{"a": 1, "a": ":"}')
@example('{"a": 1, "a": "\\u003a"}')
@example('{"\\\\": 1, "\\\\\\"": "\\\\"}')
@example('[{"b": "12:30"}, {"b": "\\":"}]')
@example('{"a": {"b": 1, "b": {"c": ":"}}}')
def test_a_body_reads_as_the_strict_reader_reads_it(text: str) -> None:
    assert as_served(text) == strictly(text)


@settings(deadline=None)
@given(st.dictionaries(KEYS, STRINGS, min_size=1), st.data(), st.integers(1, 300))
def test_a_planted_twin_is_found_and_named(
    row: dict[str, str], data: st.DataObject, num_rows: int
) -> None:
    twin = data.draw(st.sampled_from(list(row)))
    at = data.draw(st.integers(0, num_rows - 1))
    rows = [orjson.dumps(row)] * num_rows
    assert parse_json(b"[" + b",".join(rows) + b"]") == [row] * num_rows
    rows[at] = rows[at][:-1] + b"," + orjson.dumps(twin) + b":null}"
    with pytest.raises(Refusal) as caught:
        parse_json(b"[" + b",".join(rows) + b"]")
    assert caught.value.status == 400
    assert repr(twin) in caught.value.what


def test_a_twin_that_lies_deep_is_refused_too() -> None:
    body = b"[" * 1000 + b'{"a":1,"a":2}' + b"]" * 1000
    with pytest.raises(Refusal, match="stands twice"):
        parse_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"1" * 5_000_000,
        b"1e400",
        b"NaN",
        b"[1,]",
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        b'{"a":1}{"a":2}',
        b"",
        b"01",
        b"// x\n1",
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal, match="the body is not JSON") as caught:
        parse_json(body)
    assert caught.value.status == 400
