"""The nodes of a graph: of each stage its name, what it depends on, and where its work is found.

The work itself is in `stages`.  It is named here and not imported: to find out that nothing
changed, none of its libraries is needed.
"""

from __future__ import annotations

import os
from typing import Any

from stoker.cells.numbers import NumberCells
from stoker.core.steps import expect, step_name
from stoker.data.clean import FittedCleaner, RowCleaner
from stoker.evaluate.metrics import Metric
from stoker.features import Feature
from stoker.pipeline.node import Node
from stoker.recipe.model import Recipe, Train

_STAGES = "stoker.pipeline.stages"
_ROWS = ("acquire", "clean", "split", "prepare")
"""Stages that training reads from."""


def acquire_node(recipe: Recipe, files: list[list[object]]) -> Node:
    """Read every source.

    Args:
        recipe: Whose sources are read.
        files: Name, size and SHA-256 of every raw file, so that a changed file is read again.
    """
    return Node(
        stage="acquire",
        function=f"{_STAGES}.acquire:acquire_files",
        fields={"sources": recipe.data.sources, "files": files},
        free={"project": recipe.project},
    )


def clean_node(recipe: Recipe) -> Node:
    """Judge rows before the split."""
    steps = tuple(step for step in recipe.data.clean if isinstance(step, RowCleaner))
    return Node(
        stage="clean",
        function=f"{_STAGES}.clean:clean",
        fields={
            "steps": steps,
            "target": recipe.target,
            "missing_target": recipe.data.missing_target,
            "max_pixels": _max_pixels(recipe),
        },
        after=("acquire",),
    )


def _max_pixels(recipe: Recipe) -> dict[str, int]:
    """Most pixels of a picture, by column, where the recipe says what a column is."""
    inputs = {name: expect(step, Feature) for name, step in (recipe.inputs or {}).items()}
    if not any(feature.media for feature in inputs.values()):
        return {}
    from stoker.features.image import Image  # loads Pillow, which tables do not need

    return {name: step.max_pixels for name, step in inputs.items() if isinstance(step, Image)}


def split_node(recipe: Recipe) -> Node:
    """Give each row to train, validation or test."""
    return Node(
        stage="split",
        function=f"{_STAGES}.split:split",
        fields={
            "split": recipe.data.split,
            "inputs": sorted(recipe.inputs or {}),
            "target": recipe.target_column,
            "seed": recipe.seed,
        },
        after=("acquire", "clean"),
    )


def profile_node(recipe: Recipe) -> Node:
    """Count what stands in every column and choose what becomes of it."""
    return Node(
        stage="profile",
        function=f"{_STAGES}.profile:profile_rows",
        fields={
            "target": recipe.target_column,
            "task": step_name(recipe.task),
            "inputs": sorted(recipe.inputs or {}),
            "divided_by": divided_by(recipe),
            "decimals": _decimals(recipe),
        },
        after=("acquire", "clean", "split"),
    )


def _decimals(recipe: Recipe) -> dict[str, str]:
    """The sign before fractions of each column that the recipe reads as numbers."""
    steps = {**(recipe.inputs or {}), recipe.target_column: recipe.task}
    return {name: step.point for name, step in steps.items() if isinstance(step, NumberCells)}


def prepare_node(recipe: Recipe) -> Node:
    """Fit features on the training part and write the tensors."""
    inputs = recipe.inputs or {}
    return Node(
        stage="prepare",
        function=f"{_STAGES}.prepare:prepare_parts",
        fields={
            "inputs": inputs,
            "target": recipe.target,
            "cleaners": tuple(s for s in recipe.data.clean if isinstance(s, FittedCleaner)),
            "seed": recipe.seed,
        },
        after=("acquire", "clean", "split", *(() if inputs else ("profile",))),
    )


def train_node(recipe: Recipe) -> Node:
    """Train the model of the recipe, or the one that the preset picks."""
    # How often the state is saved changes nothing that comes out.
    usual = {"checkpoint_every": Train().checkpoint_every}
    return Node(
        stage="train",
        function=f"{_STAGES}.train:train",
        fields={
            "model": recipe.model,
            "train": recipe.train.model_copy(update=usual),
            "decision": recipe.evaluate.decision,
            "group": recipe.data.split.group,
            "is_by_time": recipe.data.split.time is not None,
            "name": recipe.name,
            "seed": recipe.seed,
            # The order of sums, and so the last digits, depend on how many threads there may be.
            "cores": None if recipe.train.threads else len(os.sched_getaffinity(0)),
        },
        after=_ROWS,
        free={"checkpoint_every": recipe.train.checkpoint_every},
    )


def baseline_node(recipe: Recipe) -> Node:
    """Train the plain model that every report compares with."""
    return Node(
        stage="baseline",
        function=f"{_STAGES}.baseline:baseline",
        fields={"name": recipe.name, "seed": recipe.seed},
        after=_ROWS,
    )


def compress_node(recipe: Recipe) -> Node:
    """Try smaller candidates."""
    return Node(
        stage="compress",
        function=f"{_STAGES}.compress:compress",
        fields={"compress": recipe.compress},
        after=("prepare", "train"),
    )


def evaluate_node(recipe: Recipe, stages: tuple[str, ...]) -> Node:
    """Score every candidate.

    Args:
        recipe: The recipe.
        stages: Stages of the graph so far; `baseline` and `compress` may be among them.
    """
    return Node(
        stage="evaluate",
        function=f"{_STAGES}.evaluate:evaluate",
        fields={
            "resamples": recipe.evaluate.resamples,
            "metrics": recipe.evaluate.metrics,
            "group": recipe.data.split.group,
            "class_weights": recipe.train.class_weights,
            "seed": recipe.seed,
        },
        after=stages,
    )


def own_metrics(recipe: Recipe) -> list[Metric[Any]]:
    """The user's own metrics, as their recipe names them."""
    return [expect(metric, Metric) for metric in recipe.evaluate.metrics]


def bundle_node(recipe: Recipe, stages: tuple[str, ...]) -> Node:
    """Put the chosen candidate, its scores, its card and its lineage into one bundle.

    The card quotes the recipe, so all of it counts, a comment too; the stage takes no time.  The
    code of its steps does not: what they made is among the inputs.
    """
    return Node(
        stage="bundle",
        function=f"{_STAGES}.bundle:bundle",
        fields={"recipe": recipe.canonical(), "text": recipe.text},
        after=stages,
        free={"recipe": recipe},
    )


def serve_keys(recipe: Recipe) -> dict[str, Any]:
    """The keys of `serve` that the recipe gives; a server's own defaults may change later.

    They are kept in the catalog and not in the bundle: a bundle that came from somewhere else must
    not say which address to bind or which key to accept.
    """
    given = recipe.serve
    return {} if given is None else given.model_dump(mode="json", exclude_unset=True)


def divided_by(recipe: Recipe) -> dict[str, str]:
    """Columns by which rows are divided, with the key that names each."""
    asked = recipe.data.split
    named = {"data.split.group": asked.group, "data.split.time": asked.time}
    return {column: key for key, column in named.items() if column is not None}
