"""Optimisers as steps; each builds a fused torch optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import nn


class Optimizer(Step, ABC):
    """How gradients change weights.

    Promise: biases, norms and embeddings are not decayed; the built optimiser's whole state is
    tensors and
    numbers, so that a checkpoint restores it bit for bit.
    """

    @abstractmethod
    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """The torch optimiser for named parameters; the schedule sets `lr` before each step."""
