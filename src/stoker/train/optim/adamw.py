"""Adam with decoupled weight decay: the default for nearly everything.

It scales each weight's step by that weight's own gradient history, so one rate (about 0.001) fits
most networks.  Decay is applied to the weight, not to the gradient, so it is independent of that
history.

Cost: two extra tensors as large as the model, one fused pass over all of them.

Source: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization",
https://arxiv.org/abs/1711.05101
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.train.optim import Optimizer, decay_groups

if TYPE_CHECKING:
    import torch
    from torch import nn


class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of the gradient's running mean is kept from step to step."""

    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """How much of the squared gradient's running mean is kept from step to step."""

    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator; larger is calmer where gradients are tiny."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Share of each weight matrix, times the rate, that is taken away at each step."""

    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """A fused AdamW."""
        from stoker.train.fused import FusedAdamW

        groups = decay_groups(parameters, self.weight_decay, self.l1)
        betas = (self.beta1, self.beta2)
        return FusedAdamW(groups, {"lr": rate, "betas": betas, "eps": self.epsilon})
