"""The stages from raw files to a prepared set: acquire, clean, split, prepare.

Each is a node whose artifact holds only what the stage adds: cleaning keeps rows but not media,
splitting keeps row ids and parts, so a large picture set lies in the store once as found and once
as tensors.
"""

from __future__ import annotations

from typing import Any

from stoker.core.errors import DataError
from stoker.core.steps import make_step
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
from stoker.pipeline.node import Work
from stoker.pipeline.nodes import divided_by
from stoker.recipe.model import Recipe
from stoker.tasks import Task


def acquire_files(work: Work) -> dict[str, Any]:
    """Read every source into one dataset.

    Raises:
        DataError: If a file cannot be read, or is not the one that the node was made from.
    """
    recipe = work.recipe
    sources = [only(source, Source) for source in recipe.data.sources]
    info = acquire(sources, work.folder, project=recipe.project, cache=work.cache)
    if source_fingerprint(sources, recipe.project, work.cache) != work.fields["files"]:
        raise DataError(
            "a raw file changed between the start of the run and now",
            expected="files that nobody writes to while they are read",
            fix="wait until they are complete, or copy them first; then run again",
        )
    return info


def clean(work: Work) -> dict[str, Any]:
    """Keep the rows that every step keeps."""
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


def split(work: Work) -> dict[str, Any]:
    """Write the part of each row."""
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


def prepare_parts(work: Work) -> dict[str, Any]:
    """Fit on the training part, and write the tensors of all parts."""
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
        divided_by=divided_by(recipe),
        text_cells=dataset.text_cells,
    )
    return {column: make_step("stoker.features", name, Feature) for column, name in chosen.items()}
