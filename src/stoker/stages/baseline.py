"""Baseline: train the plain model that every report compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.vectors import VectorAnswers
from stoker.core.steps import expect, make_step, step_name
from stoker.dag.stage import ROWS, Stage, Work
from stoker.features import Pixels, TokenIds
from stoker.models import Model
from stoker.tasks import Task

if TYPE_CHECKING:
    from stoker.bundle.interface import Interface
    from stoker.data.extent import Extent
    from stoker.plan.presets import Texts
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe

_STAGE = "stoker.models"
PLAIN_PICTURES = "logistic"
"""The model that a report about pictures compares with."""
PLAIN_TEXTS = "bag"
"""The model that a report about texts compares with."""
PLAIN_TAGS = "dilated_cnn"
"""The model that a report about spans compares with, of which each token sees itself alone."""
PLAIN_TABLE = "linear"
"""The model that a report about tables compares with."""


class BaselineStage(Stage):
    """Train the plain model of pictures, of tokens, or of tables."""

    place: ClassVar[float] = 70

    name: str
    model: Model | None
    """What is compared with; None: the plain model of the inputs."""
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self | None:
        """Absent where the model is a plain one itself, or learns nothing that could be compared.

        Vectors are compared with those of the model before it learns.
        """
        if issubclass(expect(recipe.task, Task).gives, VectorAnswers):
            model = None if recipe.model is None else expect(recipe.model, Model)
            before = model and model.untrained()
            if before is None or before == model:
                return None
            return cls(name=recipe.name, model=before, seed=recipe.seed)
        plain = (PLAIN_PICTURES, PLAIN_TEXTS, PLAIN_TABLE)
        if recipe.model is not None and step_name(recipe.model) in plain:
            return None
        return cls(name=recipe.name, model=None, seed=recipe.seed)

    def reads(self) -> tuple[str, ...]:
        """What training reads."""
        return (ROWS, "split", "prepare")

    def run(self, work: Work) -> dict[str, Any]:
        """Train the plain model."""
        from stoker.jobs.make_model import Order, make_model
        from stoker.views.prepared import read_interface

        interface = read_interface(work.inputs["prepare"].folder)
        holds = [one.holds for one in interface.inputs.values()]
        plain = self.model or plain_model(
            has_pictures=any(isinstance(one, Pixels) for one in holds),
            texts=_texts(interface),
            gives=interface.task.gives,
        )
        order = Order(
            name=self.name,
            model=plain,
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
        plain = self.model or plain_model(
            has_pictures=size.picture is not None,
            texts=size.texts,
        )
        return size.train(plain, "fast", {})


def _texts(interface: Interface) -> Texts:
    """Whether texts go in, and what of them gets an answer."""
    if interface.task.output.column is not None:
        return "tokens"
    holds = [one.holds for one in interface.inputs.values()]
    return "rows" if any(isinstance(one, TokenIds) for one in holds) else "none"


def plain_model(*, has_pictures: bool, texts: Texts, gives: type[Answers] = ClassAnswers) -> Model:
    """The model that is trained to compare with; of texts it looks at single words."""
    if texts == "tokens":
        return make_step(_STAGE, {PLAIN_TAGS: {"layers": 0, "pairs": 0}}, Model)
    if has_pictures:
        return make_step(_STAGE, PLAIN_PICTURES, Model)
    if texts == "rows":
        return make_step(_STAGE, {PLAIN_TEXTS: {"longest": 1, "cost": 1.0}}, Model)
    plain = make_step(_STAGE, PLAIN_TABLE, Model)
    return plain if issubclass(gives, plain.takes) else make_step(_STAGE, PLAIN_PICTURES, Model)
