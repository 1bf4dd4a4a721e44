"""Optimisers as steps; each builds a fused torch optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import nn


class Optimizer(Step, ABC):
    """How gradients change weights.

    Promise: biases, norms and embeddings are not decayed; the built optimiser's whole state is
    tensors and numbers, so that a checkpoint restores it bit for bit.
    """

    @abstractmethod
    def build(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, rate: float
    ) -> torch.optim.Optimizer:
        """The torch optimiser for named parameters; the schedule sets `lr` before each step."""


def decay_groups(
    parameters: Iterable[tuple[str, nn.Parameter]], weight_decay: float
) -> list[dict[str, Any]]:
    """Parameter groups: weight matrices and kernels decay, all the rest does not.

    A bias and a norm's scale have one dimension.  An embedding has two, but a rare category's row
    would be pulled to zero at steps in which it does not occur; its name says `embedding`.
    A single group comes back where nothing decays, which saves a kernel launch at every step.
    """
    named = [(name, parameter) for name, parameter in parameters if parameter.requires_grad]
    if not weight_decay:
        return [{"params": [parameter for _, parameter in named], "weight_decay": 0.0}]
    decayed = [p for name, p in named if p.ndim > 1 and "embedding" not in name]
    kept = [p for name, p in named if p.ndim <= 1 or "embedding" in name]
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
