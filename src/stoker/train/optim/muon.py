"""Momentum whose matrices are made orthogonal before each step; AdamW for all that is no matrix.

The gradient of a matrix is mostly a few directions.  Setting all its singular values to about 1
moves along the rare ones as far as along the common ones.  Five Newton-Schulz rounds do that with
matrix products alone.  Each step is scaled to the size that a step of AdamW has, so rate and decay
mean the same as there; biases, norms and embeddings are AdamW's anyway.

Kernels count as matrices with a row for each output channel.  The rounds are in float32 and not in
bfloat16 as in `torch.optim.Muon`: few CPUs multiply that fast.

Cost: one extra tensor as large as the model; at each step, for a matrix of m rows and n >= m
columns, 5 rounds of 2 m^2 n + m^3 multiplications, whatever the batch: as much as forward and
backward of 3 to 5 m rows.  What it brought and took here stands in docs/decisions/035.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/; the size of a step: Liu et al. 2025, "Muon is Scalable
for LLM Training", https://arxiv.org/abs/2502.16982
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from stoker.train.optim import Optimizer, split_matrices

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_ROUNDS = 5
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Of odd powers; steep at 0, so small singular values grow fast, and near 1 within (0.7, 1.2)."""
_SIZE_OF_ADAMW = 0.2
_TINY = 1e-7


class Muon(Optimizer):
    """Orthogonalised momentum for matrices, AdamW for the rest."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """How much of the gradient's running mean is kept from step to step, for matrices."""

    nesterov: bool = True
    """Look ahead along the momentum."""

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """As in `adamw`, for all that is no matrix."""

    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """As in `adamw`, for all that is no matrix."""

    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """As in `adamw`, for all that is no matrix."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Share of each weight matrix, times the rate, that is taken away at each step."""

    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """Muon and a fused AdamW in one."""
        import torch

        from stoker.train.fused import FusedAdamW

        class MuonAndAdamW(FusedAdamW):
            def add_param_group(self, param_group: dict[str, Any]) -> None:
                super().add_param_group(param_group)
                if param_group["are_matrices"]:
                    for weight in param_group["params"]:
                        self.state[weight] = {"momentum_buffer": torch.zeros_like(weight)}

            def update(
                self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor]
            ) -> None:
                if not group["are_matrices"]:
                    return super().update(group, weights, gradients)
                velocities = self.states(weights, "momentum_buffer")
                torch._foreach_lerp_(velocities, gradients, 1 - group["momentum"])
                ahead = velocities
                if group["nesterov"]:
                    ahead = torch._foreach_lerp(gradients, velocities, group["momentum"])
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                for weight, direction in zip(weights, ahead, strict=True):
                    step = _direction(direction)
                    weight.add_(step.view(weight.shape), alpha=-group["lr"])
                return None

        named = [(name, weight) for name, weight in parameters if weight.requires_grad]
        matrices, others = split_matrices(named)
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": self.weight_decay, "l1": self.l1},
            {"params": others, "weight_decay": 0.0, "l1": 0.0},
        ]
        defaults = {
            "lr": rate,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "betas": (self.beta1, self.beta2),
            "eps": self.epsilon,
        }
        for group in groups:
            group["are_matrices"] = group["params"] is matrices
        return MuonAndAdamW([group for group in groups if group["params"]], defaults)


def _direction(momentum: Tensor) -> Tensor:
    """The step of a matrix or kernel, (rows, columns), about as large as one of AdamW."""
    matrix_MN = momentum.flatten(1)
    return orthogonalised(matrix_MN) * (_SIZE_OF_ADAMW * max(matrix_MN.shape) ** 0.5)


def orthogonalised(matrix_MN: Tensor) -> Tensor:
    """The matrix with all its singular values near 1; zeros stay zeros.

    >>> import torch
    >>> stretched = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.2, 0.0]])
    >>> [round(float(s), 1) for s in torch.linalg.svdvals(orthogonalised(stretched))]
    [1.1, 0.7]
    """
    first, third, fifth = _POLYNOMIAL
    is_tall = matrix_MN.shape[0] > matrix_MN.shape[1]
    wide = matrix_MN.T if is_tall else matrix_MN
    wide = wide / wide.norm().clamp_min(_TINY)
    for _ in range(_ROUNDS):
        product = wide @ wide.T
        wide = first * wide + (third * product + fifth * product @ product) @ wide
    return wide.T if is_tall else wide
