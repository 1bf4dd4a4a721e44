"""Torch's fused kernels without the cost of torch's optimiser classes.

`torch.optim.SGD(...)` imports the compiler (`torch._dynamo`) when it is made and again asks it at
each step: 1.5 s of start-up, a tenth of a short training, and 40 microseconds a step.  These
classes are optimisers to everybody who looks (`param_groups`, `state`, `step`), but call torch's
functional form directly.  State is allocated at once, laid out like its weight.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd


class Fused(torch.optim.Optimizer, ABC):
    """An optimiser that hands whole lists of tensors to one kernel."""

    def _patch_step_function(self) -> None:
        """Leave `step` as it is: the parent wraps it for its profiler, 15 microseconds a step."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; the parent's form of this would import the compiler."""
        self.param_groups.append({**self.defaults, **param_group})
        for parameter in param_group["params"]:
            self.state[parameter] = self.first_state(parameter)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Change every parameter that has a gradient."""
        assert closure is None, "these optimisers look at a gradient once"
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            if moving:
                self.update(group, moving, [p.grad for p in moving])
                if group["l1"]:
                    _shrink(moving, group["l1"] * group["lr"])

    @abstractmethod
    def first_state(self, parameter: Tensor) -> dict[str, Tensor]:
        """What is kept for a parameter before its first step."""

    @abstractmethod
    def update(self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor]) -> None:
        """Change `weights` in place."""

    def states(self, weights: list[Tensor], key: str) -> list[Tensor]:
        """One kind of state of several weights."""
        return [self.state[weight][key] for weight in weights]


def _shrink(weights: list[Tensor], most: float) -> None:
    """Take up to `most` from the absolute value of every weight, in place."""
    taken = torch._foreach_clamp_max(torch._foreach_clamp_min(weights, -most), most)
    torch._foreach_sub_(weights, taken)


class FusedSgd(Fused):
    """`torch.optim.SGD(fused=True)`."""

    def first_state(self, parameter: Tensor) -> dict[str, Tensor]:
        """A velocity, where there is momentum."""
        if not self.defaults["momentum"]:
            return {}
        return {"momentum_buffer": torch.zeros_like(parameter)}

    def update(self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor]) -> None:
        """One pass over weights, gradients and velocities."""
        momentum = group["momentum"]
        velocities = self.states(weights, "momentum_buffer") if momentum else [None] * len(weights)
        sgd(
            weights,
            gradients,
            list(velocities),
            fused=True,
            foreach=False,
            weight_decay=group["weight_decay"],
            momentum=momentum,
            lr=group["lr"],
            dampening=0.0,
            nesterov=group["nesterov"],
            maximize=False,
        )


class FusedAdamW(Fused):
    """`torch.optim.AdamW(fused=True)`."""

    kernel: Callable[..., None] = staticmethod(adamw)
    """What a step calls; `adam` takes the same and adds the decay to the gradient."""

    def first_state(self, parameter: Tensor) -> dict[str, Tensor]:
        """Steps taken, mean gradient, mean squared gradient."""
        return {
            "step": torch.zeros((), device=parameter.device),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }

    def update(self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor]) -> None:
        """One pass over weights, gradients and both means."""
        beta1, beta2 = group["betas"]
        self.kernel(
            weights,
            gradients,
            self.states(weights, "exp_avg"),
            self.states(weights, "exp_avg_sq"),
            [],
            self.states(weights, "step"),
            fused=True,
            foreach=False,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )
