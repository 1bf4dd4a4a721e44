"""A graph up to a stage, and what of a recipe is the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.errors import RecipeError
from stoker.dag.build import build_graph, cut, own_metrics
from stoker.recipe.load import load_recipe
from tests.evaluate.test_own_metrics import Given

TEXT = """\
version: 1
name: a
data: {sources: [{csv: {path: a.csv}}]}
target: {y: regress}
"""


def test_a_graph_is_cut_after_a_stage(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "a.yaml").write_text(TEXT)
    graph = build_graph(load_recipe(tmp_path / "a.yaml"), tmp_path / "cache")
    stages = [node.stage for node in graph]
    for number, stage in enumerate(stages, 1):
        assert cut(graph, stage) == graph[:number]
    assert cut(graph, None) == graph
    with pytest.raises(RecipeError, match="no stage 'trian'") as caught:
        cut(graph, "trian")
    assert caught.value.expected == f"one of {', '.join(stages)}"


def test_metrics_of_ones_own_are_those_that_the_recipe_names() -> None:
    assert own_metrics(load_recipe(TEXT)) == []
    given = "tests.evaluate.test_own_metrics:Given"
    line = f'evaluate: {{metrics: [{{"{given}": {{what: none}}}}]}}\n'
    assert own_metrics(load_recipe(TEXT + line)) == [Given(what="none")]
