"""Train: make the recipe's model, or the one that the preset picks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from stoker.core.processors import available_cores
from stoker.core.steps import Step, expect
from stoker.dag.stage import ROWS, Stage, Work
from stoker.models import Model
from stoker.tasks import group_column

if TYPE_CHECKING:
    from stoker.data.extent import Extent
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe

FIND = "find"


class TrainStage(Stage):
    """Train the model of the recipe, or the one that the preset picks."""

    place: ClassVar[float] = 60
    # How often the state is saved changes nothing that comes out.
    # Neither does whatever looks on.
    free: ClassVar[frozenset[str]] = frozenset({"checkpoint_every_s", "hooks"})
    depends_on_model: ClassVar[bool] = True
    memory_bytes: ClassVar[float] = 500e6

    name: str
    model: Model | None
    preset: Literal["fast", "good", "best"]
    given: dict[str, Any]
    """Keys that overrule the preset."""
    budget_s: float | None
    threads: int
    decision: Any
    """What the threshold between two classes is chosen for."""
    group: str | None
    is_by_time: bool
    seed: int
    cores: int | None
    """The order of sums, and so the last digits, depend on how many threads there may be."""
    checkpoint_every_s: float
    hooks: tuple[Step, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """How the recipe trains."""
        asked = recipe.train
        return cls(
            name=recipe.name,
            model=None if recipe.model is None else expect(recipe.model, Model),
            preset=asked.preset,
            given=asked.given,
            budget_s=asked.budget,
            threads=asked.threads,
            decision=recipe.evaluate.decision,
            group=group_column(recipe),
            is_by_time=recipe.data.split.time is not None,
            seed=recipe.seed,
            cores=None if asked.threads else available_cores(),
            checkpoint_every_s=asked.checkpoint_every,
            hooks=asked.hooks,
        )

    def reads(self) -> tuple[str, ...]:
        """The prepared parts, and the raw rows that the model is compared on."""
        return (ROWS, "split", "prepare")

    def run(self, work: Work) -> dict[str, Any]:
        """Train the model that was asked for, or the preset's."""
        from stoker.jobs.make_model import Order, make_model
        from stoker.train.hooks import Hook

        given = {
            **{key: value for key, value in self.given.items() if value != FIND},
            "budget_s": self.budget_s,
            "checkpoint_every_s": self.checkpoint_every_s,
            "threads": self.threads,
        }
        order = Order(
            name=self.name,
            model=self.model,
            preset=self.preset,
            given=given,
            seed=self.seed,
            finds_rate=self.given.get("rate") == FIND,
            decision=self.decision,
            group=self.group,
            is_by_time=self.is_by_time,
            hooks=tuple(expect(hook, Hook) for hook in self.hooks),
        )
        return make_model(work, order)

    def rows(self, extent: Extent) -> int:
        """Those of the training part."""
        return extent.parts["train"]

    def seconds(self, size: Size) -> float | None:
        """By the model, rows and epochs."""
        return size.train(size.main, self.preset, self.given)
