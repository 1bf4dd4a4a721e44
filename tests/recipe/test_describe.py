"""Every key explains itself, and the schema accepts what the loader accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from stoker.core.errors import RecipeError
from stoker.core.steps import find_step, step_names
from stoker.core.value import Value
from stoker.recipe.describe import describe
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe, stage_of
from stoker.recipe.schema import json_schema
from stoker.recipe.slots import kind_of
from stoker.recipe.words import section_in


def keys(owner: type[Value], path: str) -> Iterator[str]:
    """Every dotted key below a section or step, those of all steps included."""
    for name, field in owner.model_fields.items():
        here = f"{path}.{name}".lstrip(".")
        yield here
        at = stage_of(field.metadata)
        if at and not at.single:
            for step in step_names(at.stage):
                yield f"{here}.{step}"
                yield from keys(find_step(at.stage, step, kind_of(at)), f"{here}.{step}")
        elif inner := (kind_of(at) if at else section_in(field.annotation)):
            yield from keys(inner, here)


def test_every_key_has_a_meaning_and_a_form():
    found = list(keys(Recipe, ""))
    assert len(found) > 80
    for key in found:
        text = describe(key)
        first, second, *rest = text.splitlines()
        assert first == key
        assert len(second.strip()) > 10, f"{key} has no meaning"
        if rest and "takes:" in text:
            assert not re.search(r"any value$", text, re.MULTILINE), f"{key} takes anything"


def test_the_whole_recipe_is_described():
    text = describe()
    for name in Recipe.model_fields:
        assert f"\n    {name} " in text


def test_columns_and_positions_may_stand_in_a_key():
    assert "number" in describe("inputs.age.number")
    assert describe("data.sources.0.csv.path").startswith("data.sources.csv.path")


def test_a_bare_name_finds_its_places():
    assert "train.rate\n" in describe("rate")
    assert "model.cnn\n" in describe("cnn")
    assert "serve.port\n" in describe("port")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("trian", "did you mean 'train'?"),
        ("train.epoch", "did you mean 'train.epochs'?"),
        ("model.cn", "did you mean 'cnn'?"),
        ("train.epochs.x", "train.epochs has no key 'x'"),
        ("no.such.key", "no key 'no' in the recipe"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(key, message):
    with pytest.raises(RecipeError) as caught:
        describe(key)
    assert message in str(caught.value)


BASE: dict[str, Any] = {
    "version": 1,
    "name": "x",
    "data": {"sources": [{"csv": {"path": "a.csv"}}]},
    "target": {"y": "classify"},
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def test_the_schema_is_json_and_whole(schema):
    text = json.dumps(schema)
    assert "$ref" not in text
    assert set(schema["properties"]) == set(Recipe.model_fields)
    assert schema["additionalProperties"] is False
    for stage, where in (("stoker.models", "model"), ("stoker.data.clean", "clean")):
        for name in step_names(stage):
            assert f'"{name}"' in json.dumps(schema["properties"].get(where, schema))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"model": "cnn"},
        {"model": {"cnn": {"width": 8}}},
        {"model": {"cnn": None}},
        {"model": None},
        {"compress": "off"},
        {"compress": None},
        {"train": {"budget": "5m", "epochs": 3}},
        {"train": {"budget": 90}},
        {"inputs": {"a": "number"}},
        {"model": "nonsense"},
        {"model": {"cnn": {"width": "8"}}},
        {"model": {"cnn": {}, "mlp": {}}},
        {"train": {"epochs": 0}},
        {"train": {"epochs": 2.5}},
        {"train": {"budget": "soon"}},
        {"data": {}},
        {"data": {"sources": []}},
        {"unknown": 1},
        {"version": 2},
        {"target": {}},
        {"serve": {"port": 99999}},
    ],
    ids=json.dumps,
)
def test_the_schema_accepts_what_the_loader_accepts(schema, change):
    recipe = BASE | change
    try:
        load_recipe(recipe)
    except RecipeError:
        accepted = False
    else:
        accepted = True
    assert jsonschema.Draft202012Validator(schema).is_valid(recipe) == accepted
