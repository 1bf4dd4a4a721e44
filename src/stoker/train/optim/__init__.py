"""Optimisers as steps; each builds a fused torch optimiser.

A penalty on absolute values (L1) is not added to the gradient: its slope jumps at zero, so weights
would tremble around it and never stay.  It is taken by a step of its own after each step of the
optimiser ("forward-backward splitting"), which is the same for every optimiser and ends in zeros.

Source: Duchi & Singer 2009, "Efficient Online and Batch Learning Using Forward Backward Splitting",
https://jmlr.org/papers/v10/duchi09a.html
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import nn


class Optimizer(Step, ABC):
    """How gradients change weights.

    Promise: `weight_decay` (L2) and `l1` pull at weight matrices and kernels alone, not at biases,
    norms and embeddings; `l1` leaves exact zeros; the built optimiser's whole state is tensors and
    numbers, so that a checkpoint restores it bit for bit.
    """

    l1: Annotated[float, Field(ge=0)] = 0.0
    """Penalty on the absolute values of weight matrices.  After each step every weight goes towards
    zero by this times the rate, and stays at zero where it would cross."""

    @abstractmethod
    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """The torch optimiser for named parameters; the schedule sets `lr` before each step."""


def decay_groups(
    parameters: Iterable[tuple[str, nn.Parameter]], weight_decay: float, l1: float
) -> list[dict[str, Any]]:
    """Parameter groups: weight matrices and kernels are pulled to zero, all the rest is not.

    A bias and a norm's scale have one dimension.  An embedding has two, but a rare category's row
    would be pulled to zero at steps in which it does not occur; its name says `embedding`.
    A single group comes back where nothing is pulled, which saves a kernel launch at every step.
    """
    named = [(name, parameter) for name, parameter in parameters if parameter.requires_grad]
    free: dict[str, Any] = {"weight_decay": 0.0, "l1": 0.0}
    if not weight_decay and not l1:
        return [{"params": [parameter for _, parameter in named], **free}]
    matrices, others = split_matrices(named)
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": weight_decay, "l1": l1},
        {"params": others, **free},
    ]
    return [group for group in groups if group["params"]]


def split_matrices(
    parameters: Iterable[tuple[str, nn.Parameter]],
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Weight matrices and kernels, and all the rest: biases, norms and embeddings."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in parameters:
        is_matrix = parameter.ndim > 1 and "embedding" not in name
        (matrices if is_matrix else others).append(parameter)
    return matrices, others
