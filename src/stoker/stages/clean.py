"""Clean: keep the rows that every cleaner keeps.

The artifact holds rows and no media, so a large picture set lies in the store once as found and
once as tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from stoker.core.steps import expect
from stoker.dag.stage import ROWS, Stage, Work
from stoker.data.clean import RowCleaner
from stoker.features import Feature
from stoker.tasks import Task
from stoker.views.last_rows import rows_path

if TYPE_CHECKING:
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe


class CleanStage(Stage):
    """Judge rows before the split."""

    place: ClassVar[float] = 20
    gives_rows: ClassVar[bool] = True
    memory_bytes: ClassVar[float] = 450e6

    steps: tuple[RowCleaner, ...]
    target: str
    task: Task
    missing_target: Literal["drop", "refuse"]
    """What becomes of rows without a target, as the recipe says."""
    max_pixels: dict[str, int]
    """Most pixels of a picture, by column, where the recipe says what a column is."""

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The cleaners that judge rows; those that learn belong to `prepare`."""
        return cls(
            steps=tuple(step for step in recipe.data.clean if isinstance(step, RowCleaner)),
            target=recipe.target_column,
            task=expect(recipe.task, Task),
            missing_target=recipe.data.missing_target,
            max_pixels=_max_pixels(recipe),
        )

    def reads(self) -> tuple[str, ...]:
        """Rows as the stage before left them."""
        return (ROWS,)

    def run(self, work: Work) -> dict[str, Any]:
        """Keep the rows that have a target and that every step keeps."""
        from stoker.data.clean._one_of_each import OneOfEach
        from stoker.data.clean.unreadable_media import UnreadableMedia
        from stoker.data.cleaning import clean_rows
        from stoker.data.dataset import Dataset
        from stoker.data.missing_target import NAME, leave_out_missing_targets

        dataset = Dataset.open(work.inputs["acquire"].folder, rows_path(work.inputs))
        without = leave_out_missing_targets(dataset, self.target, self.task, self.missing_target)
        steps = [
            step.knowing(self.target, self.task, dataset) if isinstance(step, OneOfEach) else step
            for step in self.steps
        ]
        if dataset.media_columns and not any(isinstance(one, UnreadableMedia) for one in steps):
            steps.insert(0, UnreadableMedia())
        limits = self.max_pixels
        steps = [one.within(limits) if isinstance(one, UnreadableMedia) else one for one in steps]
        return clean_rows(steps, dataset, work.folder, before={NAME: without})

    def seconds(self, size: Size) -> float:
        """By steps, rows and pictures to decode."""
        extent = size.extent
        columns = 1 if extent.picture else extent.num_columns
        steps = len(self.steps) * extent.rows * (2e-6 + 0.05e-6 * columns)
        steps += sum(step.seconds_per_mb for step in self.steps) * extent.size_bytes / 1e6
        return 0.05 + steps + size.decode(extent.rows)


def _max_pixels(recipe: Recipe) -> dict[str, int]:
    inputs = {name: expect(step, Feature) for name, step in (recipe.inputs or {}).items()}
    limits = {name: step.pixel_limit for name, step in inputs.items()}
    return {name: limit for name, limit in limits.items() if limit is not None}
