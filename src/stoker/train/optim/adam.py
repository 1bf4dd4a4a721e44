"""Adam as it was first published: weight decay is added to the gradient (L2).

There a weight with large gradients decays less than one with small ones, which is why `adamw`,
which decays all alike, is the default.  Without decay both are the same.

Cost: two extra tensors as large as the model, one fused pass over all of them.

Source: Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization",
https://arxiv.org/abs/1412.6980
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.train.optim import Optimizer, decay_groups

if TYPE_CHECKING:
    import torch
    from torch import nn


class Adam(Optimizer):
    """Adam with weight decay in the gradient."""

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of the gradient's running mean is kept from step to step."""

    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """How much of the squared gradient's running mean is kept from step to step."""

    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator; larger is calmer where gradients are tiny."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Pull of weight matrices towards zero, added to the gradient."""

    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """A fused Adam."""
        from torch.optim.adam import adam

        from stoker.train.fused import FusedAdamW

        class FusedAdam(FusedAdamW):
            kernel = staticmethod(adam)

        groups = decay_groups(parameters, self.weight_decay, self.l1)
        betas = (self.beta1, self.beta2)
        return FusedAdam(groups, {"lr": rate, "betas": betas, "eps": self.epsilon})
