"""Each weight's step is divided by the root of its mean squared gradient of late.

Adam without a memory of the gradient itself and without correcting the first steps, which are
therefore long: a warm-up helps.  It was made for recurrent networks and is still usual in
reinforcement learning; elsewhere `adamw` is the better first choice.

Cost: one extra tensor as large as the model, two with momentum; a handful of passes over all of
them, as torch has no fused kernel for it.

Source: Hinton, Srivastava & Swersky 2012, "Neural Networks for Machine Learning", lecture 6e,
https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from stoker.train.optim import Optimizer, decay_groups

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Rmsprop(Optimizer):
    """Gradients divided by their recent size."""

    alpha: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """How much of the squared gradient's running mean is kept from step to step."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the previous step that is repeated."""

    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the denominator; larger is calmer where gradients are tiny."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Pull of weight matrices towards zero, added to the gradient."""

    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """An RMSprop over whole lists of tensors."""
        import torch
        from torch.optim.rmsprop import rmsprop

        from stoker.train.fused import Fused

        class ListedRmsprop(Fused):
            def first_state(self, parameter: Tensor) -> dict[str, Tensor]:
                names = ("square_avg", *(["momentum_buffer"] if self.defaults["momentum"] else []))
                zeros = {name: torch.zeros_like(parameter) for name in names}
                return {"step": torch.zeros((), device=parameter.device), **zeros}

            def update(
                self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor]
            ) -> None:
                momentum = group["momentum"]
                rmsprop(
                    weights,
                    gradients,
                    self.states(weights, "square_avg"),
                    [],
                    self.states(weights, "momentum_buffer") if momentum else [],
                    self.states(weights, "step"),
                    foreach=True,
                    lr=group["lr"],
                    alpha=group["alpha"],
                    eps=group["eps"],
                    weight_decay=group["weight_decay"],
                    momentum=momentum,
                    centered=False,
                )

        defaults = {"lr": rate, "alpha": self.alpha, "eps": self.epsilon, "momentum": self.momentum}
        return ListedRmsprop(decay_groups(parameters, self.weight_decay, self.l1), defaults)
