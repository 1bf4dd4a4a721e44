"""Words that mean "no value": a list of one's own, or the usual ones and some more."""

from __future__ import annotations

from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from stoker.core.errors import RecipeError
from stoker.core.steps import make_step, step_spec
from stoker.core.yaml import parse_yaml
from stoker.data.acquire.csv import Csv
from stoker.data.profile.choice import feature_yaml
from stoker.features import Feature
from stoker.features.number import Number
from stoker.recipe.load import load_recipe
from stoker.recipe.schema import json_schema
from stoker.tasks import Task

RECIPE = """
version: 1
name: visits
data: {sources: [{csv: {path: a.csv, missing: {also: [无]}}}]}
inputs:
  heat: {number: {missing: {also: [k.A., "-999"]}}}
  day: {timestamp: {missing: {also: ["0000-00-00"]}}}
  active: {boolean: {missing: {also: [/]}}}
  note: {text: {missing: {also: [entfällt]}}}
target: {cost: {regress: {missing: {also: [offen]}}}}
"""


def test_a_recipe_names_words_beside_the_usual_ones() -> None:
    recipe = load_recipe(RECIPE)
    steps: dict[str, Any] = {**(recipe.inputs or {}), "": recipe.task, ".": recipe.data.sources[0]}
    for name, step in steps.items():
        usual = type(step).model_fields["missing"].default
        assert step.missing[: len(usual)] == usual, name
        assert len(step.missing) > len(usual), name
    jsonschema.validate(parse_yaml(RECIPE).value, json_schema())


def test_a_list_still_replaces_the_usual_ones() -> None:
    long, short = (
        make_step("stoker.features", {"number": {"missing": words}}, Number)
        for words in (["NA", "k.A."], {"also": ["k.A."]})
    )
    assert long.missing == ("NA", "k.A.")
    cells = pa.array(["1", "-", "k.A."])
    assert [bad.found for bad in long.read(cells).bad] == ["-"]
    assert not short.read(cells).bad


@pytest.mark.parametrize(
    ("stage", "kind", "name"),
    [
        ("stoker.features", Feature, "number"),
        ("stoker.features", Feature, "timestamp"),
        ("stoker.features", Feature, "boolean"),
        ("stoker.features", Feature, "text"),
        ("stoker.tasks", Task, "regress"),
    ],
)
def test_what_is_written_short_is_read_as_the_same(stage: str, kind: type[Any], name: str) -> None:
    step = make_step(stage, {name: {"missing": {"also": ["k.A.", "?"]}}}, kind)
    ((_, options),) = step_spec(step).items()
    line = feature_yaml({name: {"missing": options["missing"]}})
    assert line == f'{{{name}: {{missing: {{also: ["k.A."]}}}}}}'
    assert make_step(stage, parse_yaml(line).value, kind) == step


@pytest.mark.parametrize("words", ["{alos: [x]}", "{also: x}", "{also: [x], or: [y]}", "x"])
def test_another_form_is_refused_with_its_line(words: str) -> None:
    with pytest.raises(RecipeError, match="recipe:6:") as caught:
        load_recipe(RECIPE.replace('{also: [k.A., "-999"]}', words))
    assert "the key also" in str(caught.value)


def test_a_source_on_the_command_line_takes_it() -> None:
    source = make_step(
        "stoker.data.acquire", {"csv": {"path": "a", "missing": {"also": ["x"]}}}, Csv
    )
    assert {"", "NA", "x"} < set(source.missing)
