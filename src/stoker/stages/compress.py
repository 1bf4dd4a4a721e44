"""Compress: try every method on the trained model, and choose on the validation part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core.steps import Step, expect, make_step
from stoker.dag.stage import Stage, Work
from stoker.models import Estimator

if TYPE_CHECKING:
    from stoker.data.extent import Extent
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe


class CompressStage(Stage):
    """Try smaller candidates."""

    place: ClassVar[float] = 80
    depends_on_model: ClassVar[bool] = True

    methods: tuple[Step, ...]
    """Compressors; empty: the usual one.  Plain steps, as their class loads what runs graphs."""
    max_accuracy_loss: float
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self | None:
        """The methods of the recipe; absent where it asks for no compression."""
        asked = recipe.compress
        if asked is None:
            return None
        return cls(
            methods=asked.methods or (),
            max_accuracy_loss=asked.max_accuracy_loss,
            seed=recipe.seed,
        )

    def reads(self) -> tuple[str, ...]:
        """The model, and the rows to choose by."""
        return ("prepare", "train")

    def run(self, work: Work) -> dict[str, Any]:
        """Try every method, and choose."""
        from stoker.candidates.offer import MODEL, Offer, offered
        from stoker.compress import Compressor
        from stoker.frontier.choose import TIMES, choose_candidate
        from stoker.views.prepared import open_prepared

        prepared = open_prepared(work.inputs["prepare"].folder)
        found = choose_candidate(
            offered(work.inputs).bundle,
            [expect(method, Compressor) for method in self.methods or _usual()],
            (prepared.train, prepared.validation),
            work.folder,
            max_accuracy_loss=self.max_accuracy_loss,
            seed=self.seed,
        )
        work.measured["candidates"] = {
            row["name"]: {key: row[key] for key in TIMES if key in row} for row in found["rows"]
        }
        chosen = found["chosen"]
        bundles = {} if chosen == MODEL else {chosen: chosen}
        Offer(bundles=bundles, chosen=chosen).write(work.folder)
        return {"chosen": chosen, "reason": found["reason"]}

    def rows(self, extent: Extent) -> int:
        """Those of the validation part."""
        return extent.parts["validation"]

    def seconds(self, size: Size) -> float | None:
        """By the answers to the validation part."""
        work = size.work_of(size.main)
        if work is None:
            return None
        if isinstance(size.main, Estimator):
            return 1.0
        return 2.0 + 2 * size.answer(work, size.extent.parts["validation"])


def _usual() -> tuple[Step, ...]:
    from stoker.compress import Compressor

    return (make_step("stoker.compress", "int8", Compressor),)
