"""Everything that a training run is told, with every value settled.

The recipe's `train` section may leave most keys out; `stoker.plan.presets` fills them in and
gives a `Settings`.  Two runs with equal settings, data, seed and thread count end bit-equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from stoker.core.steps import make_step, step_spec
from stoker.train.augment import Augmentation
from stoker.train.losses import Loss, LossFunction, bound_loss, loss_of
from stoker.train.samplers import Sampler
from stoker.train.schedules import Schedule
from stoker.train.step_settings import StepSettings
from stoker.train.strategies import Strategy

if TYPE_CHECKING:
    from stoker.tasks import FittedTask

AnySchedule = Annotated[
    Schedule,
    BeforeValidator(lambda spec: make_step("stoker.train.schedules", spec, Schedule)),
    PlainSerializer(step_spec),
]
AnyLoss = Annotated[
    Loss,
    BeforeValidator(lambda spec: make_step("stoker.train.losses", spec, Loss)),
    PlainSerializer(step_spec),
]
AnySampler = Annotated[
    Sampler,
    BeforeValidator(lambda spec: make_step("stoker.train.samplers", spec, Sampler)),
    PlainSerializer(step_spec),
]
AnyStrategy = Annotated[
    Strategy,
    BeforeValidator(lambda spec: make_step("stoker.train.strategies", spec, Strategy)),
    PlainSerializer(step_spec),
]
AnyAugmentation = Annotated[
    Augmentation,
    BeforeValidator(lambda spec: make_step("stoker.train.augment", spec, Augmentation)),
    PlainSerializer(step_spec),
]


class Settings(StepSettings):
    """How a network is trained.

    >>> settings = Settings(optimizer={"sgd": {"momentum": 0}}, schedule="cosine", rate=0.1)
    >>> Settings.model_validate(settings.model_dump()) == settings
    True
    """

    schedule: AnySchedule = Field(default="one_cycle", validate_default=True)
    """How the rate changes from the first step to the last."""

    epochs: Annotated[int, Field(ge=1)] = 10
    """Times that every training row is seen."""

    batch_size: Annotated[int, Field(ge=1)] = 128
    """Rows of one optimiser step."""

    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many epochs without a better validation score."""

    sampler: AnySampler = Field(default="rows", validate_default=True)
    """Which rows make the batches of an epoch."""

    strategy: AnyStrategy = Field(default="single", validate_default=True)
    """Devices and processes that train."""

    loss: AnyLoss | None = None
    """What training makes small; absent: the loss of the task."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each target that is spread over all classes."""

    class_weights: Literal["none", "balanced"] | dict[str, Annotated[float, Field(ge=0)]] = "none"
    """Weight of each class in the loss: `balanced` makes every class count alike; a mapping gives
    weights by label, 1 for those it leaves out."""

    augment: tuple[AnyAugmentation, ...] = ()
    """Random changes of training images, applied in this order."""

    budget_s: Annotated[float, Field(gt=0)] | None = None
    """Wall time that training may take, evaluation included; the number of steps is planned so."""

    checkpoint_every_s: Annotated[float, Field(ge=0)] = 15.0
    """Seconds between checkpoints, stretched if writing one would take more than 2 % of the time;
    0 writes one after every chunk of batches."""

    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; 0: as many as the work of a step is worth, at most one for each core."""

    def loss_for(self, task: FittedTask) -> LossFunction:
        """What training makes small, with class weights and label smoothing.

        Raises:
            RecipeError: If the loss, or the weights, do not fit the task.
        """
        loss = loss_of(task, self.loss)
        return bound_loss(loss, task.class_weights(self.class_weights), self.label_smoothing)

    def odds_K(self, task: FittedTask) -> np.ndarray | None:
        """What training multiplies the odds of each class with, float32; None: nothing.

        A bundle takes it back, so that probabilities are shares of rows again.
        """
        weight_K = task.class_weights(self.class_weights)
        drawn_K = self.sampler.drawn_K(np.array(task.class_counts)) if task.class_counts else None
        if weight_K is None or drawn_K is None:
            return weight_K if drawn_K is None else drawn_K
        return weight_K * drawn_K

    @model_validator(mode="after")
    def _a_piece_has_rows(self) -> Settings:
        if self.accumulate > self.batch_size:
            raise ValueError(
                f"accumulate {self.accumulate} cuts a batch of {self.batch_size} into empty pieces;"
                " use at most the batch size"
            )
        return self
