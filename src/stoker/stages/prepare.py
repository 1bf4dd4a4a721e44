"""Prepare: fit on the training part, and write the tensors of all parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core.steps import expect, make_step
from stoker.dag.stage import ROWS, Stage, Work
from stoker.data.clean import FittedCleaner
from stoker.features import Feature
from stoker.tasks import Task
from stoker.views.last_rows import rows_path
from stoker.views.split_parts import SplitParts

if TYPE_CHECKING:
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe


class PrepareStage(Stage):
    """Fit features on the training part and write the tensors."""

    place: ClassVar[float] = 50
    memory_bytes: ClassVar[float] = 350e6

    inputs: dict[str, Feature]
    """Empty: those that the profile chose."""
    target: str
    task: Task
    cleaners: tuple[FittedCleaner, ...]
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The features, and the cleaners that learn."""
        return cls(
            inputs={name: expect(one, Feature) for name, one in (recipe.inputs or {}).items()},
            target=recipe.target_column,
            task=expect(recipe.task, Task),
            cleaners=tuple(s for s in recipe.data.clean if isinstance(s, FittedCleaner)),
            seed=recipe.seed,
        )

    def reads(self) -> tuple[str, ...]:
        """The rows that are left and their parts; the choices where the recipe names no inputs."""
        return (ROWS, "split", *(() if self.inputs else ("profile",)))

    def run(self, work: Work) -> dict[str, Any]:
        """Fit on the training part, and write the tensors of all parts."""
        from stoker.data.dataset import Dataset
        from stoker.data.prepare.prepare import prepare

        return prepare(
            Dataset.open(work.inputs["acquire"].folder),
            rows_path(work.inputs),
            SplitParts.open(work.inputs["split"]).path,
            work.folder,
            inputs=self.inputs or _chosen(work),
            target=(self.target, self.task),
            cleaners=self.cleaners,
            seed=self.seed,
        )

    def seconds(self, size: Size) -> float:
        """By cells, and pictures to decode."""
        rows = size.extent.rows
        return 0.1 + 0.14e-6 * rows * size.columns + size.decode(rows)


def _chosen(work: Work) -> dict[str, Feature]:
    from stoker.data.profile.choices import Choices
    from stoker.data.profile.inputs import chosen_inputs

    chosen = chosen_inputs(Choices.open(work.inputs["profile"].folder))
    return {name: make_step("stoker.features", spec, Feature) for name, spec in chosen.items()}
