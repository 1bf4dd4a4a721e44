"""Losses: what training makes small, one number for a batch; one file each.

A task names the loss that suits it, which a recipe may overrule under `train.loss`; epochs are
compared by the task's own loss either way, without weights or smoothing, so that trainings with
different settings can be compared.

Importing a loss does not import torch; calling one does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from stoker.answers import Answers
from stoker.core.errors import RecipeError
from stoker.core.steps import Step, make_step, step_name

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from stoker.networks.preparing import RowsTensor
    from stoker.tasks import FittedTask

STAGE = "stoker.train.losses"


class Loss(Step, ABC):
    """What training makes small.

    Promise: the loss of a batch is the sum over its rows divided by their number, weights or not,
    so that the mean of equal micro-batches is the loss of the whole batch, unless it compares rows
    with each other (`of_rows`); it is finite where outputs are, and least where they are right.
    """

    takes: ClassVar[type[Answers]]
    """The kind of answers that it is about; it fits the tasks that give them."""
    of_rows: ClassVar[bool] = True
    """Whether the loss of a row follows that row alone; if not, a batch is more than its pieces, so
    that it can neither be accumulated nor be shared between processes."""

    @abstractmethod
    def __call__(
        self,
        output_NK: Any,
        target_N: Any,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Mean loss of a batch, a scalar tensor.

        Args:
            output_NK: Raw outputs of the model.
            target_N: Encoded targets, in the task's form; for classes also soft ones, shape (N, K),
                from mixup.
            weight_K: Weight of each class, or None.
            label_smoothing: Share of a target that is spread over all classes, in [0, 1).

        Raises:
            RecipeError: If weights or smoothing are given to a loss that is not about classes.
        """


def loss_of(task: FittedTask, wanted: Loss | None = None) -> Loss:
    """The wanted loss, or the task's own.

    Raises:
        RecipeError: If the wanted one is about other answers than the task gives.
    """
    if wanted is None:
        return make_step(STAGE, task.loss, Loss)
    check_loss(wanted, task.gives)
    return wanted


@dataclass(frozen=True)
class LossFunction:
    """A loss with all that stays the same over a training."""

    loss: Loss
    weight_K: Tensor | None = None
    """Weight of each class; None: all rows count alike."""
    label_smoothing: float = 0.0

    def __call__(self, output_NK: RowsTensor, target_N: RowsTensor) -> Tensor:
        """The mean loss of a batch, a scalar."""
        return self.loss(
            output_NK, target_N, weight_K=self.weight_K, label_smoothing=self.label_smoothing
        )

    def to(self, device: torch.device) -> LossFunction:
        """The same on a device."""
        return self if self.weight_K is None else replace(self, weight_K=self.weight_K.to(device))


def check_loss(wanted: Loss, gives: type[Answers]) -> None:
    """Compare a loss with the answers that a task gives.

    Raises:
        RecipeError: If it is about others.
    """
    if not issubclass(gives, wanted.takes):
        raise RecipeError(
            f"the loss {step_name(wanted)} is about {wanted.takes.of}, and the answers to this "
            f"target are {gives.of}",
            fix="leave train.loss out; it is then the one of the task",
        )


def bound_loss(
    loss: Loss, weight_K: np.ndarray | None, label_smoothing: float = 0.0
) -> LossFunction:
    """A loss with weights of classes, float32 (K,), and smoothing."""
    import torch

    weight = None if weight_K is None else torch.from_numpy(weight_K)
    return LossFunction(loss, weight, label_smoothing)
