"""Split: write the part of each row, as row ids and parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core import events
from stoker.core.steps import expect, make_step
from stoker.dag.stage import ROWS, Stage, Work
from stoker.data.split import Splitter
from stoker.tasks import Task, group_column
from stoker.views.last_rows import rows_path

if TYPE_CHECKING:
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe, Split


class SplitStage(Stage):
    """Give each row to train, validation or test."""

    place: ClassVar[float] = 30
    memory_bytes: ClassVar[float] = 450e6

    splitter: Splitter
    group: str | None
    time: str | None
    stratify: str | None
    together: bool | None
    """Whether equal rows share a part; None: as the data suggests."""
    inputs: tuple[str, ...]
    """Columns that the recipe names, sorted."""
    target: str
    task: Task
    """Says which spellings of a target are one."""
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """How the recipe divides."""
        asked = recipe.data.split
        together = asked.keep_duplicates_together
        return cls(
            splitter=make_step("stoker.data.split", _grouped(recipe).spec(), Splitter),
            group=group_column(recipe),
            time=asked.time,
            stratify=asked.stratify,
            together=None if together == "auto" else together,
            inputs=tuple(sorted(recipe.inputs or {})),
            target=recipe.target_column,
            task=expect(recipe.task, Task),
            seed=recipe.seed,
        )

    def reads(self) -> tuple[str, ...]:
        """The rows that are left."""
        return (ROWS,)

    def run(self, work: Work) -> dict[str, Any]:
        """Write the part of each row."""
        from stoker.data.dataset import Dataset
        from stoker.data.splitting import split_rows

        if self.task.keeps_together and self.group == self.target:
            events.message(f"rows of one {self.target!r} stand in one part, as they are looked for")
        return split_rows(
            self.splitter,
            rows_path(work.inputs),
            Dataset.open(work.inputs["acquire"].folder),
            work.folder,
            inputs=list(self.inputs),
            target=self.target,
            group=self.group,
            time=self.time,
            stratify=self.stratify,
            together=self.together,
            called=self.task.called,
            seed=self.seed,
        )

    def seconds(self, size: Size) -> float:
        """By rows."""
        return 0.05 + 3e-6 * size.extent.rows


def _grouped(recipe: Recipe) -> Split:
    """How the recipe divides, by what its task keeps together too."""
    return recipe.data.split.model_copy(update={"group": group_column(recipe)})
