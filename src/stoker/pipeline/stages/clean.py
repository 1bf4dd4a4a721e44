"""Clean: keep the rows that every cleaner keeps.

The artifact holds rows and no media, so a large picture set lies in the store once as found and
once as tensors.
"""

from __future__ import annotations

from typing import Any

from stoker.core.steps import expect
from stoker.data.clean import RowCleaner
from stoker.data.clean._missing_target import NAME, leave_out_missing_targets
from stoker.data.clean._run import clean_rows
from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.data.clean.unreadable_media import UnreadableMedia
from stoker.data.dataset import Dataset
from stoker.pipeline.node import Work
from stoker.tasks import Task


def clean(work: Work) -> dict[str, Any]:
    """Keep the rows that have a target and that every step keeps."""
    dataset = Dataset.open(work.inputs["acquire"].folder)
    ((target, task),) = work.fields["target"].items()
    rule = work.fields["missing_target"]
    without = leave_out_missing_targets(dataset, target, expect(task, Task), rule)
    given = [expect(step, RowCleaner) for step in work.fields["steps"]]
    steps = [_knowing_target(step, target, dataset) for step in given]
    if dataset.media_columns and not any(isinstance(step, UnreadableMedia) for step in steps):
        steps.insert(0, UnreadableMedia())
    limits = work.fields["max_pixels"]
    steps = [step.within(limits) if isinstance(step, UnreadableMedia) else step for step in steps]
    return clean_rows(steps, dataset, work.folder, before={NAME: without})


def _knowing_target(step: RowCleaner, target: str, dataset: Dataset) -> RowCleaner:
    """One picture with two labels is a mistake; one table row with two labels is life."""
    if not isinstance(step, ExactDuplicates) or step.label or not dataset.media_columns:
        return step
    return step.model_copy(update={"label": target})
