"""The nodes of a graph: of each stage its name, what it depends on, and where its work is found.

The work itself is in `data_stages`, `model_stages` and `result_stages`.  It is named here and not
imported: to find out that nothing changed, none of its libraries is needed.
"""

from __future__ import annotations

from typing import Any

from stoker.core.steps import make_step, step_spec
from stoker.data.clean import FittedCleaner, RowCleaner
from stoker.data.split import Splitter
from stoker.evaluate.metrics import Metric
from stoker.pipeline.kinds import only
from stoker.pipeline.node import Node
from stoker.recipe.model import Recipe

_DATA = "stoker.pipeline.data_stages"
_MODEL = "stoker.pipeline.model_stages"
_RESULT = "stoker.pipeline.result_stages"

BASELINE = "logistic"
"""The model that every report compares with."""
_ROWS = ("acquire", "clean", "split", "prepare")
"""Stages that training reads from."""

_ACQUIRE_CODE = (
    "stoker.data.acquire",
    "stoker.data.dataset",
    "stoker.data.media",
    "stoker.data.rejects",
    "stoker.engine",
)
_DATA_CODE = ("stoker.data", "stoker.features", "stoker.tasks", "stoker.engine")
"""What cleaning, splitting and preparing may run; they share too much to be told apart safely."""
_TRAIN_CODE = (
    "stoker.train",
    "stoker.models",
    "stoker.tasks",
    "stoker.features",
    "stoker.bundle",
    "stoker.data.prepare",
    "stoker.pipeline.model_stages",
)
_EVALUATE_CODE = (
    "stoker.evaluate",
    "stoker.bundle",
    "stoker.features",
    "stoker.tasks",
    "stoker.pipeline.result_stages",
)


def acquire_node(recipe: Recipe, files: list[list[object]]) -> Node:
    """Read every source.

    Args:
        recipe: Whose sources are read.
        files: Name, size and SHA-256 of every raw file, so that a changed file is read again.
    """
    sources = recipe.data.sources
    return Node(
        stage="acquire",
        function=f"{_DATA}:acquire_files",
        code=_ACQUIRE_CODE,
        fields={"sources": [step_spec(s) for s in sources], "files": files},
        steps=sources,
    )


def clean_node(recipe: Recipe) -> Node:
    """Judge rows before the split."""
    steps = [step for step in recipe.data.clean if isinstance(step, RowCleaner)]
    return Node(
        stage="clean",
        function=f"{_DATA}:clean",
        code=_DATA_CODE,
        fields={"steps": [step_spec(s) for s in steps], "target": recipe.target_column},
        after=("acquire",),
        steps=steps,
    )


def split_node(recipe: Recipe) -> Node:
    """Give each row to train, validation or test."""
    asked = recipe.data.split
    splitter = make_step("stoker.data.split", asked.spec(), Splitter)
    return Node(
        stage="split",
        function=f"{_DATA}:split",
        code=_DATA_CODE,
        fields={
            "split": asked.model_dump(mode="json"),
            "inputs": sorted(recipe.inputs or {}),
            "target": recipe.target_column,
            "seed": recipe.seed,
        },
        after=("acquire", "clean"),
        steps=(splitter,),
    )


def prepare_node(recipe: Recipe) -> Node:
    """Fit features on the training part and write the tensors."""
    cleaners = [step for step in recipe.data.clean if isinstance(step, FittedCleaner)]
    inputs = recipe.inputs or {}
    return Node(
        stage="prepare",
        function=f"{_DATA}:prepare_parts",
        code=(*_DATA_CODE, "stoker.pipeline.inputs", "stoker.pipeline.columns"),
        fields={
            "inputs": {column: step_spec(feature) for column, feature in inputs.items()},
            "divided_by": {} if inputs else divided_by(recipe),
            "target": {column: step_spec(task) for column, task in recipe.target.items()},
            "cleaners": [step_spec(s) for s in cleaners],
            "seed": recipe.seed,
        },
        after=("acquire", "clean", "split"),
        steps=[*cleaners, *inputs.values(), *recipe.target.values()],
    )


def train_node(recipe: Recipe) -> Node:
    """Train the model of the recipe, or the one that the preset picks."""
    train, canonical = recipe.train, recipe.canonical()
    return Node(
        stage="train",
        function=f"{_MODEL}:train",
        code=_TRAIN_CODE,
        fields={
            "model": recipe.model and step_spec(recipe.model),
            # How often the state is saved changes nothing that comes out.
            "train": {k: v for k, v in canonical["train"].items() if k != "checkpoint_every"},
            "name": recipe.name,
            "seed": recipe.seed,
        },
        after=_ROWS,
        steps=[s for s in (recipe.model, train.optimizer, train.schedule) if s]
        + list(train.augment or ()),
    )


def baseline_node(recipe: Recipe) -> Node:
    """Train the plain model that every report compares with."""
    return Node(
        stage="baseline",
        function=f"{_MODEL}:baseline",
        code=_TRAIN_CODE,
        fields={"name": recipe.name, "seed": recipe.seed},
        after=_ROWS,
    )


def compress_node(recipe: Recipe) -> Node:
    """Try smaller candidates."""
    assert recipe.compress is not None
    methods = recipe.compress.methods or ()
    return Node(
        stage="compress",
        function=f"{_MODEL}:compress",
        code=("stoker.compress", "stoker.bundle", "stoker.evaluate"),
        fields={"compress": recipe.canonical()["compress"]},
        after=("prepare", "train"),
        steps=methods,
    )


def evaluate_node(recipe: Recipe, stages: tuple[str, ...]) -> Node:
    """Score every candidate.

    Args:
        recipe: The recipe.
        stages: Stages of the graph so far; `baseline` and `compress` may be among them.
    """
    return Node(
        stage="evaluate",
        function=f"{_RESULT}:evaluate",
        code=_EVALUATE_CODE,
        fields={
            "resamples": recipe.evaluate.resamples,
            "metrics": [step_spec(metric) for metric in recipe.evaluate.metrics],
            "group": recipe.data.split.group,
            "seed": recipe.seed,
        },
        after=stages,
        steps=recipe.evaluate.metrics,
    )


def own_metrics(recipe: Recipe) -> list[Metric[Any]]:
    """The user's own metrics, as their recipe names them."""
    return [only(metric, Metric) for metric in recipe.evaluate.metrics]


def bundle_node(recipe: Recipe, stages: tuple[str, ...]) -> Node:
    """Put the chosen candidate, its scores, its card and its lineage into one bundle."""
    return Node(
        stage="bundle",
        function=f"{_RESULT}:bundle",
        code=(
            "stoker.bundle",
            "stoker.evaluate.report",
            "stoker.pipeline.facts",
            "stoker.pipeline.sample_rows",
        ),
        fields={"name": recipe.name, "gates": recipe.evaluate.gates, "serve": serve_keys(recipe)},
        after=stages,
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
