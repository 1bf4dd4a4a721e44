"""What one optimiser step is told: the part of a training's settings that a strategy reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from stoker.core.steps import make_step, step_spec
from stoker.core.value import Value
from stoker.train.optim import Optimizer

AnyOptimizer = Annotated[
    Optimizer,
    BeforeValidator(lambda spec: make_step("stoker.train.optim", spec, Optimizer)),
    PlainSerializer(step_spec),
]


class StepSettings(Value):
    """How a step changes the weights."""

    optimizer: AnyOptimizer = Field(default="adamw", validate_default=True)
    """How gradients change weights."""

    rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate."""

    accumulate: Annotated[int, Field(ge=1)] = 1
    """Pieces that a batch is cut into to save memory; the step is that of the whole batch, except
    that batch norms see a piece at a time."""

    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    """Longest gradient over all weights; a longer one is shortened to it."""

    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of a running average of the weights, which is then what is scored and kept."""
