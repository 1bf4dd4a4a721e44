"""Texts alone are read whole where they are long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from stoker.core import events
from stoker.data.profile import long_texts
from stoker.data.profile.choices import Choices, choose
from stoker.data.profile.long_texts import read_whole
from stoker.pipeline.run import run

WORDS = ("tea", "cup", "lid", "box", "mug", "pot", "jar", "tin", "can", "the", "was", "not", "bad")
SIGNS = "茶杯盖盒壶罐不很好坏蓝色买了用坏了收到快递慢客服"


def words(count: int, rows: int = 80) -> list[str]:
    random = np.random.default_rng(count)
    return [" ".join(random.choice(WORDS, random.integers(1, 2 * count))) for _ in range(rows)]


def signs(count: int, rows: int = 80) -> list[str]:
    random = np.random.default_rng(count)
    return ["".join(random.choice([*SIGNS], count)) for _ in range(rows)]


def chosen(profiled, columns: Mapping[str, Sequence[object]]) -> Choices:
    profile = profiled({**columns, "y": ["yes", "no"] * 40})
    return read_whole(choose(profile, "y", left_out={}), profile)


@pytest.mark.parametrize(
    ("texts", "feature"),
    [(words(40), "tokens"), (words(6), "text"), (signs(60), "tokens"), (signs(12), "text")],
    ids=["long", "short", "long Chinese", "short Chinese"],
)
def test_length_decides_where_nothing_else_goes_in(
    texts: list[str], feature: str, profiled
) -> None:
    assert chosen(profiled, {"said": texts}).inputs() == {"said": {feature: {}}}


def test_a_short_title_beside_a_long_text_is_read_in_the_same_way(profiled) -> None:
    found = chosen(profiled, {"title": words(5), "said": words(40)})
    assert found.inputs() == {"title": {"tokens": {}}, "said": {"tokens": {}}}
    assert [one.change for one in found.columns] == ["title: text", "said: text"]
    assert all(one.why.endswith("all of it is read") for one in found.columns)


def test_beside_numbers_a_long_text_stays_what_trees_can_use(profiled) -> None:
    columns = {"said": words(40), "age": [n * 7 % 31 for n in range(80)]}
    assert {*chosen(profiled, columns).inputs()["said"]} == {"text"}


def test_without_the_library_the_line_to_write_is_told(
    profiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_texts, "find_spec", lambda name: None)
    (said,) = chosen(profiled, {"said": words(40)}).columns
    assert said.feature == {"text": {}}
    assert (said.is_notable, said.change) == (True, "said: tokens")


@pytest.mark.parametrize(
    ("model", "feature"), [(None, "tokens"), ({"mlp": {}}, "tokens"), ({"linear": {}}, "text")]
)
def test_a_model_that_cannot_take_tokens_is_given_none(
    tmp_path: Path, model: dict[str, object] | None, feature: str
) -> None:
    lines = [f'"{text}",{"ab"[row % 2]}' for row, text in enumerate(words(40, 120))]
    (tmp_path / "a.csv").write_text("\n".join(["said,y", *lines]) + "\n", encoding="utf-8")
    recipe = {
        "version": 1,
        "name": "a",
        "data": {"sources": [{"csv": {"path": str(tmp_path / "a.csv")}}]},
        "target": {"y": "classify"},
        **({} if model is None else {"model": model}),
    }
    with events.recording(aloud=False) as said:
        run(recipe, home=tmp_path / "home", until="prepare")
    assert f"inputs were not named; chose 1 {feature} (said)" in [line.text for line in said]
