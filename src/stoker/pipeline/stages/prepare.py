"""Prepare: fit on the training part, and write the tensors of all parts."""

from __future__ import annotations

from typing import Any

from stoker.core.steps import expect, make_step
from stoker.data.clean import FittedCleaner
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepare import prepare
from stoker.data.profile.choices import Choices
from stoker.features import Feature
from stoker.pipeline.inputs import chosen_inputs
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
        inputs=_features(work),
        target=(target, expect(task, Task)),
        cleaners=[expect(step, FittedCleaner) for step in work.fields["cleaners"]],
        seed=work.fields["seed"],
    )


def _features(work: Work) -> dict[str, Feature]:
    named = work.fields["inputs"]
    if named:
        return {name: expect(feature, Feature) for name, feature in named.items()}
    chosen = chosen_inputs(Choices.open(work.inputs["profile"].folder))
    return {name: make_step("stoker.features", spec, Feature) for name, spec in chosen.items()}
