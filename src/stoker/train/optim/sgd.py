"""Stochastic gradient descent, with momentum if asked for.

Plain SGD keeps no state and is the cheapest step there is; with momentum it keeps one tensor per
weight.  Weight decay is added to the gradient (L2), as is usual for SGD.  The fused kernel walks
over each weight once.

Cost: one pass over weights and gradients; momentum adds a buffer as large as the model.

Source: Sutskever et al. 2013, "On the importance of initialization and momentum",
https://proceedings.mlr.press/v28/sutskever13.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from stoker.train.optim import Optimizer, decay_groups

if TYPE_CHECKING:
    import torch
    from torch import nn


class Sgd(Optimizer):
    """Stochastic gradient descent."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Share of the previous step that is repeated, in [0, 1); 0 is plain SGD."""

    nesterov: bool = False
    """Look ahead along the momentum before measuring the slope; needs momentum."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Pull of weight matrices towards zero, added to the gradient."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Sgd:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs momentum above 0, for example 0.9")
        return self

    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """A fused SGD."""
        from stoker.train.fused import FusedSgd

        groups = decay_groups(parameters, self.weight_decay, self.l1)
        return FusedSgd(groups, {"lr": rate, "momentum": self.momentum, "nesterov": self.nesterov})
