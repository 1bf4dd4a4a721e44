"""What a recipe makes of the choices: each column says who decided, and what would have been."""

from __future__ import annotations

from typing import Any

from stoker.data.profile.choice import Choice
from stoker.data.profile.choices import Choices
from stoker.plan.as_written import as_written
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe


def choice(column: str, feature: dict[str, dict[str, Any]] | None, kind: str) -> Choice:
    return Choice(
        column=column, kind=kind, feature=feature, why="seen", change="by hand", is_notable=True
    )


FOUND = Choices(
    columns=(
        choice("age", {"number": {}}, "number"),
        choice("town", {"category": {}}, "category"),
        choice("id", None, "identifier"),
        choice("gone", None, "constant"),
    ),
    target=choice("y", {"classify": {}}, "classes"),
)


def recipe(target: str = "classify", inputs: str = "") -> Recipe:
    return load_recipe(
        "version: 1\nname: a\ndata: {sources: [{csv: {path: a.csv}}]}\n"
        f"{inputs}target: {{y: {target}}}\n"
    )


def test_a_recipe_that_names_nothing_leaves_the_choices() -> None:
    assert as_written(FOUND, recipe()) == FOUND


def test_another_task_is_the_recipes_and_nothing_to_tell() -> None:
    found = as_written(FOUND, recipe("regress")).target
    assert found is not None
    assert (found.feature, found.kind) == ({"regress": {}}, "regress")
    assert found.why == "the recipe says so; by itself it would be classify: seen"
    assert not found.is_notable


def test_each_column_says_who_decided() -> None:
    inputs = "inputs: {age: number, town: {text: {max_length: 7}}, id: number}\n"
    inputs = inputs.replace("{text: {max_length: 7}}", "number")
    found = {one.column: one for one in as_written(FOUND, recipe(inputs=inputs)).columns}
    assert found["age"] == FOUND.columns[0], "the same as by itself"
    assert found["gone"] == FOUND.columns[3], "left out by both"
    for name, itself in (("town", "category"), ("id", "left out")):
        assert (found[name].feature, found[name].kind) == ({"number": {}}, "number")
        assert found[name].why == f"the recipe says so; by itself it would be {itself}: seen"
        assert not found[name].is_notable
        assert found[name].change == "by hand"


def test_a_column_that_the_recipe_does_not_name_is_left_out_and_nothing_to_tell() -> None:
    found = {
        one.column: one
        for one in as_written(FOUND, recipe(inputs="inputs: {id: number}\n")).columns
    }
    town = found["town"]
    assert (town.feature, town.kind, town.change) == (None, "category", "town: category")
    assert town.why == "the recipe does not name it; by itself it would be category"
    assert not town.is_notable


def test_options_of_the_recipe_are_kept() -> None:
    inputs = 'inputs: {age: {number: {unit: "%"}}}\n'
    age = as_written(FOUND, recipe(inputs=inputs)).columns[0]
    assert age.feature == {"number": {"unit": "%"}}
    assert age.written == '{number: {unit: "%"}}'


def test_no_target_stays_none() -> None:
    without = FOUND.model_copy(update={"target": None})
    assert as_written(without, recipe()).target is None


def test_options_are_values_of_json() -> None:
    inputs = "inputs: {age: {image: {size: [8, 9]}}}\n"
    age = as_written(FOUND, recipe(inputs=inputs)).columns[0]
    assert age.feature == {"image": {"size": [8, 9]}}
    assert Choice.model_validate_json(age.model_dump_json()) == age
