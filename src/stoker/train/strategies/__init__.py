"""Strategies: where a network lives while it learns, and what one step of it is; one file each.

A training keeps epochs, schedule, scores and history; the engine that a strategy starts keeps
everything that depends on devices and processes: weights, optimiser, precision, the average of the
weights.  Nothing else in `stoker.train` knows a device.

Importing a strategy does not import torch; starting one does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from stoker.networks.preparing import Inputs, RowsTensor
    from stoker.train.chunk import Chunk
    from stoker.train.losses import LossFunction
    from stoker.train.step_settings import StepSettings

STAGE = "stoker.train.strategies"


class Engine(ABC):
    """A network, its optimiser and the devices that they live on, during one training."""

    rank: int = 0
    """Which of the processes that train together this is; the first one writes and reports."""
    world: int = 1
    """How many there are."""
    network: nn.Module
    """What learns."""
    seconds: dict[str, float]
    """Wall seconds of `forward`, `backward` and `optimizer`."""
    measures_norm: bool = False
    """Set to have the next step measure its gradient."""
    norm: float
    """Length of the gradient when it was last measured; NaN before."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where inputs, targets and losses are."""

    @abstractmethod
    def load(self, chunk: Chunk) -> tuple[Inputs, Any]:
        """A chunk's inputs, prepared, and its targets, both where the network is."""

    @abstractmethod
    def step(self, inputs: Inputs, target: RowsTensor, *, rate: float, number: int) -> Tensor:
        """Change the weights once.

        Args:
            inputs: The batch.
            target: Its targets.
            rate: Learning rate.
            number: Optimiser steps before this one.

        Returns:
            The batch's mean loss, a scalar without gradient, not waited for.
        """

    @abstractmethod
    def scored(self) -> nn.Module:
        """The network whose answers count: the average of the weights, where there is one."""

    @abstractmethod
    def seed(self, value: int) -> None:
        """Start the randomness of dropout."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """All that a checkpoint must hold to go on bit for bit, on the CPU."""

    @abstractmethod
    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""

    @abstractmethod
    def using(self, threads: int) -> AbstractContextManager[None]:
        """Compute with so many CPU threads inside the block."""


class Strategy(Step, ABC):
    """Where a network lives while it learns, and what one step of it is.

    Promise: equal seeds give equal weights on one machine; a checkpoint goes on bit for bit; the
    weights are those that `single` finds, up to the order of sums.
    """

    @abstractmethod
    def start(self, network: nn.Module, loss: LossFunction, settings: StepSettings) -> Engine:
        """An engine around a network, which it may move to another device.

        Args:
            network: Trained in place.
            loss: What is made small.
            settings: Optimiser, clipping, accumulation, averaging.

        Raises:
            MachineError: If the device is not there.
        """
