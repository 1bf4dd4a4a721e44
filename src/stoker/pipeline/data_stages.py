"""The stages from raw files to a prepared set: acquire, clean, split, prepare.

Each is a node whose artifact holds only what the stage adds: cleaning keeps rows but not media,
splitting keeps row ids and parts, so a large picture set lies in the store once as found and once
as tensors.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from stoker.core.errors import DataError
from stoker.core.steps import make_step, step_spec
from stoker.data.acquire import Source
from stoker.data.clean import FittedCleaner, RowCleaner
from stoker.data.clean._run import clean_rows
from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.data.clean.unreadable_media import UnreadableMedia
from stoker.data.dataset import Dataset, acquire
from stoker.data.fingerprint import source_fingerprint
from stoker.data.prepare.prepare import prepare
from stoker.data.split import Splitter
from stoker.data.split._assign import split_rows
from stoker.features import Feature
from stoker.pipeline.inputs import choose_inputs
from stoker.pipeline.kinds import only
from stoker.pipeline.node import Node, Work
from stoker.recipe.model import Recipe
from stoker.tasks import Task

_ACQUIRE = (
    "stoker.data.acquire",
    "stoker.data.dataset",
    "stoker.data.media",
    "stoker.data.rejects",
    "stoker.engine",
)
_CODE = ("stoker.data", "stoker.features", "stoker.tasks", "stoker.engine")
"""What cleaning, splitting and preparing may run; they share too much to be told apart safely."""


def acquire_node(recipe: Recipe, files: list[list[object]]) -> Node:
    """Read every source.

    Args:
        recipe: Whose sources are read.
        files: Name, size and SHA-256 of every raw file, so that a changed file is read again.
    """
    sources = recipe.data.sources
    return Node(
        stage="acquire",
        execute=partial(_acquire, files),
        code=_ACQUIRE,
        fields={"sources": [step_spec(s) for s in sources], "files": files},
        steps=sources,
    )


def _acquire(files: list[list[object]], work: Work) -> dict[str, Any]:
    recipe = work.recipe
    sources = [only(source, Source) for source in recipe.data.sources]
    info = acquire(sources, work.folder, project=recipe.project, cache=work.cache)
    if source_fingerprint(sources, recipe.project, work.cache) != files:
        raise DataError(
            "a raw file changed between the start of the run and now",
            expected="files that nobody writes to while they are read",
            fix="wait until they are complete, or copy them first; then run again",
        )
    return info


def clean_node(recipe: Recipe) -> Node:
    """Judge rows before the split."""
    steps = [step for step in recipe.data.clean if isinstance(step, RowCleaner)]
    return Node(
        stage="clean",
        execute=_clean,
        code=_CODE,
        fields={"steps": [step_spec(s) for s in steps], "target": recipe.target_column},
        after=("acquire",),
        steps=steps,
    )


def _clean(work: Work) -> dict[str, Any]:
    dataset = Dataset.open(work.inputs["acquire"].folder)
    steps = [step for step in work.recipe.data.clean if isinstance(step, RowCleaner)]
    steps = [_knowing_target(step, work.recipe.target_column, dataset) for step in steps]
    if dataset.media_columns and not any(isinstance(step, UnreadableMedia) for step in steps):
        steps.insert(0, UnreadableMedia())
    return clean_rows(steps, dataset, work.folder)


def _knowing_target(step: RowCleaner, target: str, dataset: Dataset) -> RowCleaner:
    """One picture with two labels is a mistake; one table row with two labels is life."""
    if not isinstance(step, ExactDuplicates) or step.label or not dataset.media_columns:
        return step
    return step.model_copy(update={"label": target})


def split_node(recipe: Recipe) -> Node:
    """Give each row to train, validation or test."""
    asked = recipe.data.split
    splitter = make_step("stoker.data.split", asked.spec(), Splitter)
    return Node(
        stage="split",
        execute=_split,
        code=_CODE,
        fields={
            "split": asked.model_dump(mode="json"),
            "inputs": sorted(recipe.inputs or {}),
            "target": recipe.target_column,
            "seed": recipe.seed,
        },
        after=("acquire", "clean"),
        steps=(splitter,),
    )


def _split(work: Work) -> dict[str, Any]:
    recipe, asked = work.recipe, work.recipe.data.split
    dataset = Dataset.open(work.inputs["acquire"].folder)
    rows = work.inputs["clean"].folder / "rows.parquet"
    return split_rows(
        make_step("stoker.data.split", asked.spec(), Splitter),
        rows,
        dataset,
        work.folder,
        inputs=list(recipe.inputs or {}),
        target=recipe.target_column,
        group=asked.group,
        time=asked.time,
        stratify=asked.stratify,
        seed=recipe.seed,
    )


def prepare_node(recipe: Recipe) -> Node:
    """Fit features on the training part and write the tensors."""
    cleaners = [step for step in recipe.data.clean if isinstance(step, FittedCleaner)]
    inputs = recipe.inputs or {}
    return Node(
        stage="prepare",
        execute=_prepare,
        code=(*_CODE, "stoker.pipeline.inputs", "stoker.pipeline.columns"),
        fields={
            "inputs": {column: step_spec(feature) for column, feature in inputs.items()},
            "divided_by": {} if inputs else _divided_by(recipe),
            "target": {column: step_spec(task) for column, task in recipe.target.items()},
            "cleaners": [step_spec(s) for s in cleaners],
            "seed": recipe.seed,
        },
        after=("acquire", "clean", "split"),
        steps=[*cleaners, *inputs.values(), *recipe.target.values()],
    )


def _prepare(work: Work) -> dict[str, Any]:
    recipe = work.recipe
    dataset = Dataset.open(work.inputs["acquire"].folder)
    rows = work.inputs["clean"].folder / "rows.parquet"
    cleaners = [step for step in recipe.data.clean if isinstance(step, FittedCleaner)]
    return prepare(
        dataset,
        rows,
        work.inputs["split"].folder / "parts.parquet",
        work.folder,
        inputs=_features(recipe, dataset, work),
        target=(recipe.target_column, only(recipe.task, Task)),
        cleaners=cleaners,
        seed=recipe.seed,
    )


def _features(recipe: Recipe, dataset: Dataset, work: Work) -> dict[str, Feature]:
    if recipe.inputs:
        return {name: only(feature, Feature) for name, feature in recipe.inputs.items()}
    rows = work.inputs["clean"].folder / "rows.parquet"
    chosen = choose_inputs(
        rows,
        dataset.media_columns,
        recipe.target_column,
        divided_by=_divided_by(recipe),
        text_cells=dataset.text_cells,
    )
    return {column: make_step("stoker.features", name, Feature) for column, name in chosen.items()}


def _divided_by(recipe: Recipe) -> dict[str, str]:
    """Columns by which rows are divided, with the key that names each."""
    asked = recipe.data.split
    named = {"data.split.group": asked.group, "data.split.time": asked.time}
    return {column: key for key, column in named.items() if column is not None}
