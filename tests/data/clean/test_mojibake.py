# ruff: noqa: RUF001 - signs of other scripts are the cases
"""Texts that were read in the wrong encoding are repaired, and no others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pyarrow as pa
import pytest

from stoker.core.errors import MissingExtraError, RecipeError
from stoker.core.events import listening
from stoker.data.clean import mojibake
from stoker.data.clean.mojibake import FittedMojibake, Mojibake
from stoker.features import Feature
from stoker.features.category import Category
from stoker.features.number import Number
from stoker.features.text import Text
from tests.data.acquire.conftest import Told

ftfy = pytest.importorskip("ftfy")

FEATURES: dict[str, Feature] = {"said": Text(), "city": Category(), "age": Number()}
WHOLE = [
    "这水壶很好，用了两年！",
    "café",
    "“quoted” ‘so’…",
    "Ａ１ ～￥",
    "Straße",
    "日本語",
    "Привет",
]
LEFT_ALONE = [
    *WHOLE,
    "plain",
    "&lt;b&gt;",
    "ﬁ",
    "a\r\nb\u2028c",
    "\ufeffx\u200b\u202e",
    "e\u0301",
    "",
    None,
]


@pytest.fixture
def told() -> Iterator[Told]:
    with listening(keeper := Told()):
        yield keeper


def wrong(text: str, encoding: str) -> str:
    return text.encode().decode(encoding)


def rows(texts: list[str | None]) -> pa.Table:
    size = len(texts)
    return pa.table({"said": texts, "city": ["Ulm"] * size, "age": ["1"] * size})


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("text", WHOLE)
def test_a_broken_text_is_repaired(text: str, encoding: str) -> None:
    try:
        broken = wrong(text, encoding)
    except UnicodeDecodeError:
        pytest.skip("this text cannot be broken so")
    state = Mojibake().fit(rows([broken]), FEATURES)
    repaired = state.apply(rows([broken]))["said"].to_pylist()[0]
    assert repaired == text
    assert state.touched(rows([broken, text]))["said"].tolist() == [True, False]


def test_nothing_else_of_a_text_is_touched() -> None:
    table = rows(LEFT_ALONE)
    state = Mojibake().fit(table, FEATURES)
    assert state.apply(table).equals(table)
    assert not state.touched(table)["said"].any()


def test_columns_of_any_width_and_kind() -> None:
    state = FittedMojibake(columns=("said",), version=ftfy.__version__)
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        column = pa.array(["cafÃ©", None]).cast(kind)
        assert state.apply(pa.table({"said": column}))["said"].to_pylist() == ["café", None]
    numbers = pa.table({"said": [1, 2]})
    assert state.apply(numbers).equals(numbers)


def test_how_many_is_told(told: Told) -> None:
    state = Mojibake().fit(rows(["cafÃ©", "café", "tea"]), FEATURES)
    assert state.columns == ("said", "city")
    assert told.messages == [
        "mojibake: 1 of 3 training texts of column 'said' are repaired, such as 'cafÃ©' to 'café'",
        "mojibake: no training text of column 'city' needs repair",
    ]


def test_mistakes_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match="'x' is not an input column"):
        Mojibake(columns=("x",)).fit(rows(["a"]), FEATURES)
    with pytest.raises(RecipeError, match="'age' holds no text"):
        Mojibake(columns=("age",)).fit(rows(["a"]), FEATURES)
    monkeypatch.setitem(sys.modules, "ftfy", None)
    with pytest.raises(MissingExtraError, match=r"stoker\[mojibake\]"):
        Mojibake().fit(rows(["a"]), FEATURES)


def test_another_release_than_that_of_training_is_told(told: Told) -> None:
    mojibake._repair.cache_clear()
    state = FittedMojibake(columns=("said",), version="0.1")
    for _ in range(2):
        assert state.apply(rows(["cafÃ©"]))["said"].to_pylist() == ["café"]
    mojibake._repair.cache_clear()
    assert len(told.warnings) == 1
    assert "pip install ftfy==0.1" in told.warnings[0]


def test_reading_a_bundle_with_it_loads_nothing_heavy() -> None:
    code = (
        "from stoker.engine.without_pandas import leave_pandas_out; leave_pandas_out()\n"
        "import sys, pyarrow as pa; from stoker.core.steps import load_stored\n"
        "from stoker.data.clean import CleanerState\n"
        "spec = {'mojibake': {'columns': ['a'], 'version': 'x'}}\n"
        "load_stored(spec, CleanerState).apply(pa.table({'a': ['é']}))\n"
        "print([m for m in ('torch', 'daft', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
