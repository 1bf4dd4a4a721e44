"""The graph of a recipe: which stages, in which order, each reading what came before."""

from __future__ import annotations

from pathlib import Path

from stoker.core.errors import RecipeError
from stoker.core.steps import expect, step_name
from stoker.data.acquire import Source
from stoker.data.fingerprint import source_fingerprint
from stoker.evaluate.gates import parse_gates
from stoker.pipeline.candidates import PLAIN_PICTURES, PLAIN_TABLE
from stoker.pipeline.node import Node
from stoker.pipeline.nodes import (
    acquire_node,
    baseline_node,
    bundle_node,
    clean_node,
    compress_node,
    evaluate_node,
    own_metrics,
    prepare_node,
    profile_node,
    split_node,
    train_node,
)
from stoker.recipe.model import Recipe


def build_graph(recipe: Recipe, cache: Path) -> list[Node]:
    """The nodes of a recipe, in the order of their execution.

    Args:
        recipe: A whole recipe.
        cache: Folder for downloads; packages that sources name are fetched into it.

    Raises:
        RecipeError: If a gate asks for what the task cannot give, or an own metric does not fit.
        DataError: If a source's file is missing.
    """
    parse_gates(recipe.evaluate.gates, step_name(recipe.task), own_metrics(recipe))
    sources = [expect(source, Source) for source in recipe.data.sources]
    files = source_fingerprint(sources, recipe.project, cache)
    nodes = [
        acquire_node(recipe, files),
        clean_node(recipe),
        split_node(recipe),
        profile_node(recipe),
        prepare_node(recipe),
        train_node(recipe),
    ]
    if recipe.model is None or step_name(recipe.model) not in (PLAIN_PICTURES, PLAIN_TABLE):
        nodes.append(baseline_node(recipe))
    if recipe.compress is not None:
        nodes.append(compress_node(recipe))
    nodes.append(evaluate_node(recipe, tuple(node.stage for node in nodes)))
    nodes.append(bundle_node(recipe, tuple(node.stage for node in nodes)))
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
