"""Optimisers: what all of them promise, and parity with torch's unfused reference."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from stoker.core.steps import find_step, step_names
from stoker.train.checkpoint import optimizer_tensors, restore_optimizer
from stoker.train.optim import Optimizer
from stoker.train.optim.adamw import AdamW
from stoker.train.optim.sgd import Sgd

STAGE = "stoker.train.optim"


class Net(nn.Module):
    """One of each kind of weight."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding_4 = nn.Embedding(5, 4)
        self.conv = nn.Conv2d(3, 4, 3)
        kernel = self.conv.weight
        kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 2)


@pytest.fixture(params=step_names(STAGE))
def optimizer(request: pytest.FixtureRequest) -> Optimizer:
    return find_step(STAGE, request.param, Optimizer)()


def give_gradients(network: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for weight in network.parameters():
        weight.grad = torch.empty_like(weight).copy_(torch.randn(weight.shape, generator=generator))


def walk(network: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        give_gradients(network, step)
        optimizer.step()


def devices(optimizer: torch.optim.Optimizer) -> set[str]:
    """Where the weights and all that is kept for them lie."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    kept = optimizer_tensors(optimizer).values()
    return {tensor.device.type for tensor in (*weights, *kept)}


def same(first: nn.Module, second: nn.Module, tolerance: float = 0.0) -> None:
    torch.testing.assert_close(
        first.state_dict(), second.state_dict(), rtol=tolerance, atol=tolerance
    )


def test_only_matrices_and_kernels_decay(optimizer: Optimizer) -> None:
    network = Net()
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    decaying = optimizer.model_copy(update={"weight_decay": 0.5})
    built = decaying.build(network.named_parameters(), rate=0.1)
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    built.step()
    moved = {n for n, weight in network.named_parameters() if not torch.equal(weight, before[n])}
    assert moved == {"conv.weight", "head.weight"}


def test_state_lies_where_its_weight_lies(optimizer: Optimizer) -> None:
    """A fused kernel of an accelerator reads all of it; a step on the CPU is a wild address."""
    here, there = Net(), Net().to("meta")
    saved = optimizer_tensors(optimizer.build(here.named_parameters(), rate=0.1))
    built = optimizer.build(there.named_parameters(), rate=0.1)
    assert devices(built) == {"meta"}
    restore_optimizer(built, saved)
    assert devices(built) == {"meta"}


def test_a_penalty_on_absolute_values_is_a_step_towards_zero_after_each_step(
    optimizer: Optimizer,
) -> None:
    plain, sparse = Net(), Net()
    penalised = optimizer.model_copy(update={"l1": 20.0})
    for network, step in ((plain, optimizer), (sparse, penalised)):
        walk(network, step.build(network.named_parameters(), rate=0.005), range(1))
    for name, weight in plain.named_parameters():
        expected = weight.detach()
        if name in ("conv.weight", "head.weight"):
            expected = torch.sign(expected) * (expected.abs() - 0.1).clamp_min(0)
        torch.testing.assert_close(sparse.get_parameter(name).detach(), expected)
    assert (sparse.conv.weight == 0).any()


def test_restored_state_goes_on_bit_for_bit(optimizer: Optimizer) -> None:
    straight, broken = Net(), Net()
    walk(straight, optimizer.build(straight.named_parameters(), rate=0.1), range(8))
    first = optimizer.build(broken.named_parameters(), rate=0.1)
    walk(broken, first, range(5))
    saved = {name: tensor.contiguous() for name, tensor in optimizer_tensors(first).items()}
    second = optimizer.build(broken.named_parameters(), rate=0.1)
    restore_optimizer(second, saved)
    walk(broken, second, range(5, 8))
    same(straight, broken)


def test_a_weight_without_gradient_stays(optimizer: Optimizer) -> None:
    network = Net()
    built = optimizer.build(network.named_parameters(), rate=0.1)
    give_gradients(network, 0)
    network.head.weight.grad = None
    before = network.head.weight.detach().clone()
    built.step()
    assert torch.equal(network.head.weight, before)


@settings(deadline=None)
@given(
    momentum=st.sampled_from([0.0, 0.9]),
    nesterov=st.booleans(),
    decay=st.sampled_from([0.0, 0.1]),
    rate=st.sampled_from([1e-3, 0.5]),
)
def test_sgd_agrees_with_torch(momentum: float, nesterov: bool, decay: float, rate: float) -> None:
    nesterov = nesterov and momentum > 0
    ours, theirs = Net(), Net()
    sgd = Sgd(momentum=momentum, nesterov=nesterov, weight_decay=decay)
    walk(ours, sgd.build(ours.named_parameters(), rate=rate), range(6))
    reference = torch.optim.SGD(
        groups(theirs, decay),
        lr=rate,
        momentum=momentum,
        nesterov=nesterov,
        foreach=False,
        fused=False,
    )
    walk(theirs, reference, range(6))
    same(ours, theirs, 1e-6)


@settings(deadline=None)
@given(
    betas=st.sampled_from([(0.9, 0.999), (0.0, 0.5)]),
    decay=st.sampled_from([0.0, 0.1]),
    rate=st.sampled_from([1e-3, 0.1]),
)
def test_adamw_agrees_with_torch(betas: tuple[float, float], decay: float, rate: float) -> None:
    ours, theirs = Net(), Net()
    adamw = AdamW(beta1=betas[0], beta2=betas[1], weight_decay=decay)
    walk(ours, adamw.build(ours.named_parameters(), rate=rate), range(6))
    reference = torch.optim.AdamW(
        groups(theirs, decay), lr=rate, betas=betas, foreach=False, fused=False
    )
    walk(theirs, reference, range(6))
    same(ours, theirs, 1e-5)


def groups(network: Net, decay: float) -> list[dict[str, list[Tensor] | float]]:
    decayed: list[Tensor] = [network.conv.weight, network.head.weight]
    others: list[Tensor] = [
        weight for weight in network.parameters() if all(weight is not d for d in decayed)
    ]
    return [{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        Sgd(momentum=0, nesterov=True)
