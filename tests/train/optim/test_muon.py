"""Muon: parity with torch's, whose rounds are in bfloat16, and what its rounds promise."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from stoker.train.optim.muon import Muon, orthogonalised

RATE = 0.01


def table() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 30), nn.LayerNorm(30), nn.Linear(30, 5))


def walk(trained: nn.Module, *optimizers: torch.optim.Optimizer) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(6):
        for weight in trained.parameters():
            weight.grad = torch.randn(weight.shape, generator=generator)
        for optimizer in optimizers:
            optimizer.step()


@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_agrees_with_torch_whose_rounds_are_in_bfloat16(nesterov: bool) -> None:
    start, ours, theirs = table(), table(), table()
    muon = Muon(momentum=0.9, nesterov=nesterov, weight_decay=0.1)
    walk(ours, muon.build(ours.named_parameters(), rate=RATE))
    walk(
        theirs,
        torch.optim.Muon(
            [weight for weight in theirs.parameters() if weight.ndim > 1],
            RATE,
            weight_decay=0.1,
            momentum=0.9,
            nesterov=nesterov,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            [weight for weight in theirs.parameters() if weight.ndim == 1],
            RATE,
            weight_decay=0.0,
            foreach=False,
        ),
    )
    for name, weight in ours.named_parameters():
        moved = (weight - start.get_parameter(name)).detach()
        expected = (theirs.get_parameter(name) - start.get_parameter(name)).detach()
        difference = (moved - expected).norm() / expected.norm()
        assert difference < (0.03 if weight.ndim > 1 else 1e-5), name


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (64, 9), (30, 200), (128, 128)], ids=str)
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    found = torch.linalg.svdvals(orthogonalised(matrix))
    known = torch.linalg.svdvals(matrix) / matrix.norm()
    assert (found[known > 0.02] > 0.5).all()
    assert (found < 1.3).all()
    turned = orthogonalised(matrix.T).T
    torch.testing.assert_close(turned, orthogonalised(matrix), rtol=1e-3, atol=1e-4)


def test_a_step_of_muon_on_a_kernel_is_about_as_large_as_one_of_adamw() -> None:
    trained = nn.Conv2d(3, 20, 3)
    weight = trained.weight
    before = weight.detach().clone()
    muon = Muon(momentum=0, weight_decay=0).build(trained.named_parameters(), rate=RATE)
    weight.grad = torch.randn_like(weight)
    muon.step()
    size = float((weight.detach() - before).square().mean().sqrt())
    assert 0.15 * RATE < size < 0.25 * RATE
