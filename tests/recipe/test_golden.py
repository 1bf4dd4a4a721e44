"""Recipes of 0.1.0 mean today what they meant: they load, ask for the same stages, and say so.

The files are the examples of that release without their comments; they are never changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.steps import step_name
from stoker.dag.build import stages_of
from stoker.dag.stage import name_of
from stoker.recipe.load import load_recipe

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))
STAGES = {"acquire", "clean", "split", "prepare", "train", "evaluate", "bundle"}


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_recipe_of_0_1_0_loads_and_asks_for_its_stages(path: Path) -> None:
    recipe = load_recipe(path)
    assert step_name(recipe.task) == "classify"
    assert {name_of(stage) for stage in stages_of(recipe)} >= STAGES


def test_there_are_recipes_of_0_1_0() -> None:
    assert len(GOLDEN) == 6
