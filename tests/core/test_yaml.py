"""One meaning for each text, a position for every value, a clear line for everything else."""

from __future__ import annotations

import json
import time

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import RecipeError
from stoker.core.yaml import MAX_BYTES, MAX_DEPTH, parse_yaml

WORDS = """
    no yes on off No True FALSE Null 010 0x1F 0o17 0b1 12:30:45 1_000 .inf -.inf .nan 1e 2001-01-01
    1.2.3 -x 5m ${HOME} $HOME ~/x
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("1e-3", 0.001),
        ("1E6", 1e6),
        (".5", 0.5),
        ("2.", 2.0),
        ("-0.25", -0.25),
        *[(word, word) for word in WORDS.split()],
        ('"5"', "5"),
        ("'true'", "true"),
        ('""', ""),
        ("${SECRET}", "${SECRET}"),
    ],
)
def test_a_scalar_has_one_meaning(text, value):
    found = parse_yaml(f"a: {text}\nb: 1").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.yaml:1: the file is empty"),
        ("# only a comment\n", "r.yaml:1: the file is empty"),
        ("---\n", "r.yaml:1: the file is empty"),
        ("a: 1\na: 2", "r.yaml:2:1: found key 'a' again"),
        ("a: {b: 1, 'b': 2}", "r.yaml:1:11: found key 'b' again"),
        ("a: &x 1", "r.yaml:1:4: found anchor &x"),
        ("a: *x", "r.yaml:1:4: found alias *x"),
        ("a: {<<: {b: 1}}", "r.yaml:1:5: found merge key <<"),
        ("a: !!python/object/apply:os.system ['true']", "r.yaml:1:4: found tag"),
        ("a: !!str 5", "r.yaml:1:4: found tag"),
        ("!mine a", "r.yaml:1:1: found tag '!mine'"),
        ("a: 1\n---\nb: 2", "r.yaml:2:1: found a second document (---)"),
        ("a:\n\tb: 1", "r.yaml:2:1: found a tab in the indentation"),
        ("a:\n  \tb: 1", "r.yaml:2:3: found a tab in the indentation"),
        ("a: \0", "r.yaml:1:4: found the control character U+0000"),
        ("a: 'x\x1b[31m'", "r.yaml:1:6: found the control character U+001B"),
        ("? [a, b]\n: 1", "r.yaml:1:3: found a key that is a list or mapping"),
        (": 1", "r.yaml:1:1: not YAML"),
        ("?\n: 1", "r.yaml:1:2: found a value without a key"),
        ("a: [1, 2", "r.yaml:1:4: not YAML"),
        ("a:\n  b: 'x\n", "r.yaml:2:6: not YAML"),
        ("a: b: c", "r.yaml:1:5: not YAML"),
        ("a: @b", "r.yaml:1:4: not YAML"),
        ("a: 1e999", "r.yaml:1:4: found number 1e999"),
        ("a: " + "9" * 5000, "r.yaml:1:4: found a number of 5000 digits"),
        ("a: " + "[" * 100_000, "r.yaml:1:35: found nesting deeper than 32"),
        ("{a: " * 100, f"r.yaml:1:{4 * MAX_DEPTH + 1}: found nesting deeper than 32"),
        ("a: " + "x" * MAX_BYTES, "r.yaml: the recipe is too large"),
    ],
)
def test_what_is_not_strict_is_refused_in_one_line(text, message):
    started = time.process_time()
    with pytest.raises(RecipeError) as caught:
        parse_yaml(text, file="r.yaml")
    assert str(caught.value).startswith(message)
    assert caught.value.expected
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "source", ["a: 中文".encode("gbk"), "a: 1".encode("utf-16"), b"a: 1\nb: \xff"]
)
def test_only_utf_8(source):
    with pytest.raises(RecipeError, match=r"UTF-8|control character"):
        parse_yaml(source, file="r.yaml")


def test_a_byte_order_mark_and_other_line_ends_are_fine():
    assert parse_yaml("\ufeffa: 1\r\nb: 2\rc: 3".encode()).value == {"a": 1, "b": 2, "c": 3}


def test_the_billion_laughs_do_not_start():
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{i}: &b{i} [*a, *a]" for i in range(50))
    with pytest.raises(RecipeError, match="anchor"):
        parse_yaml(bomb)


def test_every_key_and_value_has_its_place():
    document = parse_yaml("数据:\n  - csv: {path: 表.csv}\n  - 二\nb:\n", file="配方.yaml")
    assert str(document.place(("数据",), of_key=True)) == "配方.yaml:1:1"
    assert str(document.place(("数据", 0, "csv", "path"))) == "配方.yaml:2:17"
    assert str(document.place(("数据", 0, "csv", "path"), of_key=True)) == "配方.yaml:2:11"
    assert str(document.place(("数据", 1))) == "配方.yaml:3:5"
    assert str(document.place(("数据", 0, "csv", "missing"))) == "配方.yaml:2:5"
    assert str(document.place(("nowhere",))) == "配方.yaml:1:1"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
    lambda text: not set(text) & set("\u2028\u2029\ufeff\ufffe\uffff")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_json_is_read_as_itself(value):
    """JSON is YAML; and what PyYAML writes of plain values reads back the same."""
    assert parse_yaml(json.dumps(value, ensure_ascii=False)).value == value
    assert parse_yaml(json.dumps(value, ensure_ascii=False, indent=2)).value == value


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_a_recipe_error(text):
    try:
        found = parse_yaml(text)
    except RecipeError:
        return
    assert () in found.values
    for path in found.values:
        here = found.value
        for key in path:
            here = here[key]


@given(st.lists(st.sampled_from(["a: 1", "  b: x", "- c", "d: [1, 2]", "e:", "  - f: {g: h}"])))
def test_agrees_with_pyyaml_where_both_accept(lines):
    text = "\n".join(lines)
    try:
        ours = parse_yaml(text).value
    except RecipeError:
        return
    assert ours == pyyaml.safe_load(text)
