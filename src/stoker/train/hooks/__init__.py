"""Hooks: what looks on while a network is trained; one file each.

A hook sees every step and every epoch and changes nothing: a training with hooks ends with the
weights that it has without.  So they are no part of what a stored result depends on.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stoker.core.steps import Step

if TYPE_CHECKING:
    from torch import Tensor, nn

STAGE = "stoker.train.hooks"


@dataclass(frozen=True)
class StepDone:
    """One optimiser step."""

    number: int
    """Steps before this one, over the whole training."""
    epoch: int
    """Epochs before this one."""
    rate: float
    """Learning rate."""
    loss: Tensor
    """Mean loss of the batch, a scalar; on a GPU, asking for its value waits for the step."""


class Hook(Step, ABC):
    """What looks on while a network is trained.

    Promise: it changes neither the network nor any random state, and copes with steps that it has
    seen before: a killed training goes on from its last checkpoint.
    """

    def begin(self, first_step: int) -> None:
        """Training starts, or goes on, with this step."""

    def after_step(self, done: StepDone) -> None:
        """A step was taken."""

    def after_epoch(self, record: Mapping[str, Any], network: nn.Module) -> None:
        """An epoch was scored.

        Args:
            record: Its line of the history: epoch, step, rate, train_loss, validation_loss, ...
            network: The network that was scored, to be asked and not to be changed.
        """

    def end(self) -> None:
        """Training is over, or ends with an error."""
