"""Further optimisers agree with torch's unfused reference, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stoker.train.optim import Optimizer
from stoker.train.optim.adam import Adam
from stoker.train.optim.rmsprop import Rmsprop

Reference = Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
RATE = 0.01
CASES: list[tuple[Optimizer, Reference, float]] = [
    (
        Adam(beta1=0.8, beta2=0.99, epsilon=1e-6, weight_decay=decay),
        lambda groups: torch.optim.Adam(groups, RATE, (0.8, 0.99), 1e-6, foreach=False),
        decay,
    )
    for decay in (0.0, 0.1)
] + [
    (
        Rmsprop(alpha=0.9, momentum=momentum, epsilon=1e-6, weight_decay=0.1),
        lambda groups, momentum=momentum: torch.optim.RMSprop(
            groups, RATE, 0.9, 1e-6, momentum=momentum, foreach=False
        ),
        0.1,
    )
    for momentum in (0.0, 0.9)
]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    built = nn.Sequential(nn.Conv2d(3, 20, 3), nn.BatchNorm2d(20), nn.Flatten(), nn.Linear(20, 8))
    kernel = built[0].get_parameter("weight")
    kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
    return built


def walk(trained: nn.Module, *optimizers: torch.optim.Optimizer) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(6):
        for weight in trained.parameters():
            slope = torch.randn(weight.shape, generator=generator)
            weight.grad = torch.empty_like(weight).copy_(slope)
        for optimizer in optimizers:
            optimizer.step()


def split(trained: nn.Module, decay: float) -> list[dict[str, Any]]:
    matrices: list[Tensor] = [p for p in trained.parameters() if p.ndim > 1]
    others: list[Tensor] = [p for p in trained.parameters() if p.ndim == 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


@pytest.mark.parametrize(("step", "reference", "decay"), CASES)
def test_agrees_with_torch(step: Optimizer, reference: Reference, decay: float) -> None:
    ours, theirs = network(), network()
    walk(ours, step.build(ours.named_parameters(), rate=RATE))
    walk(theirs, reference(split(theirs, decay)))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-5, atol=1e-5)
