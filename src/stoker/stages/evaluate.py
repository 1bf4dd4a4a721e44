"""Evaluate: score every candidate once on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import SkipValidation

from stoker.core.steps import expect
from stoker.dag.stage import ALL, Stage, Work
from stoker.evaluate.metrics import Metric
from stoker.tasks import group_column

if TYPE_CHECKING:
    from stoker.data.extent import Extent
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe


class EvaluateStage(Stage):
    """Score every candidate."""

    place: ClassVar[float] = 90
    depends_on_model: ClassVar[bool] = True

    metrics: tuple[SkipValidation[Metric[Any]], ...]
    """The user's own, beside those of the task."""
    resamples: int
    group: str | None
    class_weights: Any
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """How the recipe judges."""
        return cls(
            metrics=tuple(expect(metric, Metric) for metric in recipe.evaluate.metrics),
            resamples=recipe.evaluate.resamples,
            group=group_column(recipe),
            class_weights=recipe.train.class_weights,
            seed=recipe.seed,
        )

    def reads(self) -> tuple[str, ...]:
        """Every candidate, and what they were made from."""
        return (ALL,)

    def run(self, work: Work) -> dict[str, Any]:
        """Score all candidates on the same rows."""
        from stoker.jobs.score_candidates import score_candidates

        return score_candidates(
            work,
            metrics=self.metrics,
            resamples=self.resamples,
            group=self.group,
            class_weights=self.class_weights,
            seed=self.seed,
        )

    def rows(self, extent: Extent) -> int:
        """Those of the test part, or of validation where there is none."""
        return extent.parts["test"] or extent.parts["validation"]

    def seconds(self, size: Size) -> float | None:
        """The model, its compressed candidate perhaps, baseline and constant."""
        work, rows = size.work_of(size.main), self.rows(size.extent)
        if work is None:
            return None
        reading = 3 * (rows * (3e-6 + 0.5e-6 * size.columns) + size.decode(rows))
        drawing = 2 * self.resamples * rows * (8e-9 + 5e-9 * size.outputs)
        return 0.3 + reading + drawing + 2 * size.answer(work, rows)
