"""The graph of a recipe: which stages, in which order, each reading what came before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stoker.core.errors import RecipeError
from stoker.core.steps import expect, find_step, step_names
from stoker.dag.node import Node
from stoker.dag.stage import ALL, ROWS, Stage, name_of
from stoker.evaluate.gates import parse_gates
from stoker.evaluate.metrics import Metric
from stoker.recipe.model import Recipe
from stoker.tasks import Task

STAGES = "stoker.stages"


def stages_of(recipe: Recipe) -> list[Stage]:
    """The stages that a recipe asks for, in order, before the raw files were looked at."""
    kinds = [find_step(STAGES, name, Stage) for name in step_names(STAGES)]
    ordered = sorted(kinds, key=lambda kind: kind.place)
    return [stage for kind in ordered if (stage := kind.of(recipe)) is not None]


def build_graph(recipe: Recipe, cache: Path) -> list[Node]:
    """The nodes of a recipe, in the order of their execution.

    Args:
        recipe: A whole recipe.
        cache: Folder for downloads; packages that sources name are fetched into it.

    Raises:
        RecipeError: If a gate asks for what the task cannot give, or an own metric does not fit.
        DataError: If a source's file is missing.
    """
    parse_gates(recipe.evaluate.gates, expect(recipe.task, Task).gives, own_metrics(recipe))
    stages: list[Stage] = []
    nodes: list[Node] = []
    for stage in stages_of(recipe):
        nodes.append(Node(stage.settled(cache), tuple(_before(stage, stages))))
        stages.append(stage)
    return nodes


def cut(graph: list[Node], until: str | None) -> list[Node]:
    """The graph up to and including one stage.

    Raises:
        RecipeError: If there is no such stage.
    """
    if until is None:
        return graph
    stages = [node.stage for node in graph]
    if until not in stages:
        raise RecipeError(f"no stage {until!r}", expected=f"one of {', '.join(stages)}")
    return graph[: stages.index(until) + 1]


def own_metrics(recipe: Recipe) -> list[Metric[Any]]:
    """The user's own metrics, as their recipe names them."""
    return [expect(metric, Metric) for metric in recipe.evaluate.metrics]


def _before(stage: Stage, earlier: Sequence[Stage]) -> Iterator[str]:
    """Names of the earlier stages that a stage reads, in their order."""
    asked = stage.reads()
    for one in earlier:
        if ALL in asked or name_of(one) in asked or (ROWS in asked and one.gives_rows):
            yield name_of(one)
