"""Canonical JSON, strict JSON and seeds: equal values give equal bytes, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.canonical import canonical_json, fingerprint
from stoker.core.seeds import derive_seed
from stoker.core.strict_json import parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_canonical_json_is_read_back_and_stays(value):
    data = canonical_json(value)
    assert parse_json(data) == value
    assert canonical_json(parse_json(data)) == data


@given(st.dictionaries(st.text(), st.integers(), min_size=2), st.randoms())
def test_the_order_of_keys_does_not_matter(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert fingerprint({key: value[key] for key in keys}) == fingerprint(value)


@given(JSON, JSON)
def test_different_values_have_different_fingerprints(one, other):
    assert (fingerprint(one) == fingerprint(other)) == (
        canonical_json(one) == canonical_json(other)
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", '{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', "NaN", "[Infinity]", "-Infinity", "01"],
        *["'a'", "[1,]", "{} {}", b"\xff", "[" * 200_000, "9" * 5000],
    ],
)
def test_loose_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what it promises
        parse_json(text)


@given(st.integers(), st.lists(st.text(max_size=5) | st.integers(), max_size=4))
def test_a_seed_is_a_function_of_its_names(seed, names):
    one = derive_seed(seed, *names)
    assert one == derive_seed(seed, *names)
    assert 0 <= one < 2**63
    assert one != derive_seed(seed + 1, *names)
    assert one != derive_seed(seed, *names, "more")
