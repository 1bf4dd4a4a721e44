"""Prepare: fit on the training part, and write the tensors of all parts."""

from __future__ import annotations

from typing import Any

from stoker.core.steps import make_step
from stoker.data.clean import FittedCleaner
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepare import prepare
from stoker.features import Feature
from stoker.pipeline.inputs import choose_inputs
from stoker.pipeline.kinds import only
from stoker.pipeline.node import Work
from stoker.tasks import Task


def prepare_parts(work: Work) -> dict[str, Any]:
    """Fit on the training part, and write the tensors of all parts."""
    dataset = Dataset.open(work.inputs["acquire"].folder)
    ((target, task),) = work.fields["target"].items()
    return prepare(
        dataset,
        work.inputs["clean"].folder / "rows.parquet",
        work.inputs["split"].folder / "parts.parquet",
        work.folder,
        inputs=_features(dataset, target, work),
        target=(target, only(task, Task)),
        cleaners=[only(step, FittedCleaner) for step in work.fields["cleaners"]],
        seed=work.fields["seed"],
    )


def _features(dataset: Dataset, target: str, work: Work) -> dict[str, Feature]:
    named = work.fields["inputs"]
    if named:
        return {name: only(feature, Feature) for name, feature in named.items()}
    chosen = choose_inputs(
        work.inputs["clean"].folder / "rows.parquet",
        dataset.media_columns,
        target,
        divided_by=work.fields["divided_by"],
        row_numbers=dataset.row_numbers,
        text_cells=dataset.text_cells,
    )
    return {column: make_step("stoker.features", name, Feature) for column, name in chosen.items()}
