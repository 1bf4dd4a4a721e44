"""Baseline: train the plain model that every report compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core.steps import find_step, step_name
from stoker.dag.stage import ROWS, Stage, Work
from stoker.features import Pixels, Tokens
from stoker.models import Model

if TYPE_CHECKING:
    from stoker.data.extent import Extent
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe

PLAIN_PICTURES = "logistic"
"""The model that a report about pictures or tokens compares with."""
PLAIN_TABLE = "linear"
"""The model that a report about tables compares with."""


class BaselineStage(Stage):
    """Train the plain model of pictures, of tokens, or of tables."""

    place: ClassVar[float] = 70

    name: str
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self | None:
        """Absent where the model is a plain one itself."""
        if recipe.model is not None and step_name(recipe.model) in (PLAIN_PICTURES, PLAIN_TABLE):
            return None
        return cls(name=recipe.name, seed=recipe.seed)

    def reads(self) -> tuple[str, ...]:
        """What training reads."""
        return (ROWS, "split", "prepare")

    def run(self, work: Work) -> dict[str, Any]:
        """Train the plain model."""
        from stoker.jobs.make_model import Order, make_model
        from stoker.views.prepared import read_interface

        inputs = read_interface(work.inputs["prepare"].folder).inputs.values()
        holds = [one.holds for one in inputs]
        plain = plain_model(is_table=not any(isinstance(one, Pixels | Tokens) for one in holds))
        order = Order(
            name=self.name,
            model=find_step("stoker.models", plain, Model)(),
            preset="fast",
            given={"threads": 1},
            seed=self.seed,
            candidate="baseline",
            is_reference=True,
            why="to compare with",
        )
        return make_model(work, order)

    def rows(self, extent: Extent) -> int:
        """Those of the training part."""
        return extent.parts["train"]

    def seconds(self, size: Size) -> float | None:
        """By rows and columns."""
        plain = plain_model(is_table=size.picture is None and not size.has_tokens)
        return size.train(find_step("stoker.models", plain, Model)(), "fast", {})


def plain_model(*, is_table: bool) -> str:
    """Name of the model that is trained to compare with."""
    return PLAIN_TABLE if is_table else PLAIN_PICTURES
