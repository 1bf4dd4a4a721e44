"""One optimiser step: the hot path.

Nothing here is done per row, nothing waits for a number, and no object is made that outlives the
step.  Four readings of the clock split the time into forward, backward and optimiser.

Gradients are dropped after each step instead of set to zero, which saves a pass over the weights.
"""

from __future__ import annotations

import itertools
import math
import time
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from stoker.networks.encoders import Scaled, TwoHalves
from stoker.train.averaging import Average

if TYPE_CHECKING:
    from stoker.train.losses import LossFunction
    from stoker.train.settings import Settings


class RawRows(NamedTuple):
    """Inputs of a network that does everything in `forward`."""

    raw: dict[str, Tensor]

    def rows(self, start: int, stop: int) -> RawRows:
        """A run of rows, as views."""
        return RawRows({name: column[start:stop] for name, column in self.raw.items()})


Rows = Scaled | RawRows
"""Inputs of many rows that can be cut."""


class Stepper:
    """A network, its optimiser, and what one step of it is."""

    def __init__(self, network: nn.Module, loss: LossFunction, settings: Settings) -> None:
        """Build the optimiser.

        Args:
            network: Trained in place.
            loss: What is made small.
            settings: Optimiser, clipping, accumulation, averaging.
        """
        self.network = network
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = settings.optimizer.build(network.named_parameters(), rate=settings.rate)
        self.average = Average(network, settings.ema) if settings.ema else None
        self.seconds = {"forward": 0.0, "backward": 0.0, "optimizer": 0.0}
        self.measure_norm = False
        """Set to have the next step measure its gradient."""
        self.norm = math.nan
        """Length of the gradient when it was last measured."""
        self._loss = loss
        self._clip, self._pieces = settings.gradient_clip, settings.accumulate

    def scale(self, raw: dict[str, Tensor]) -> Rows:
        """Do the work that needs no weights, for a whole chunk."""
        if not isinstance(self.network, TwoHalves):
            return RawRows(raw)
        with torch.no_grad():
            return self.network.scale(raw)

    def step(self, inputs: Rows, target: Tensor, *, rate: float, number: int) -> Tensor:
        """Change the weights once.

        Args:
            inputs: The batch, scaled.
            target: Its targets.
            rate: Learning rate.
            number: Optimiser steps before this one.

        Returns:
            The batch's mean loss, a scalar without gradient.
        """
        loss = self.gradient(inputs, target)
        begin = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.measure_norm:
            self.norm, self.measure_norm = self.gradient_norm(), False
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self._clip, foreach=True)
        self.optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
        if self.average:
            self.average.update(number)
        self.seconds["optimizer"] += time.perf_counter() - begin
        return loss

    def gradient(self, inputs: Rows, target: Tensor) -> Tensor:
        """Add the gradient of the batch's mean loss to the parameters; returns that loss."""
        if self._pieces == 1:
            return self._backward(inputs, target, share=1.0)
        size = len(target)
        edges = [size * i // self._pieces for i in range(self._pieces + 1)]
        total = torch.zeros(())
        for start, stop in itertools.pairwise(edges):
            if start < stop:
                share = (stop - start) / size
                piece = inputs.rows(start, stop)
                total += self._backward(piece, target[start:stop], share=share) * share
        return total

    def gradient_norm(self) -> float:
        """Length of the gradient that `gradient` left."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        return float(nn.utils.get_total_norm(gradients)) if gradients else 0.0

    def _backward(self, inputs: Rows, target: Tensor, *, share: float) -> Tensor:
        begin = time.perf_counter()
        loss = self._loss(self._forward(inputs), target)
        middle = time.perf_counter()
        (loss if share == 1 else loss * share).backward()
        self.seconds["forward"] += middle - begin
        self.seconds["backward"] += time.perf_counter() - middle
        return loss.detach()

    def _forward(self, inputs: Rows) -> Tensor:
        if isinstance(inputs, RawRows):
            return self.network(inputs.raw)
        assert isinstance(self.network, TwoHalves)
        return self.network.learn(inputs)
