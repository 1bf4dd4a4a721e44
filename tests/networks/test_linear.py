"""The linear layer multiplies like torch's own, whichever product it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stoker.networks import linear
from stoker.networks.linear import LinearLayer, onednn_is_faster

SHAPES = [(64, 784, 500), (512, 500, 20), (4096, 300, 4), (256, 1000, 100), (300, 257, 259)]
"""Rows, inputs, outputs; large enough for oneDNN, with and without the weights' gradient."""


@pytest.fixture
def onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor on which oneDNN is the faster one."""
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """The factors of each product that goes to oneDNN."""
    seen: list[tuple[Tensor, Tensor]] = []
    real = linear.product

    def product(left: Tensor, right: Tensor, *rest: Tensor | None, relu: bool = False) -> Tensor:
        seen.append((left, right))
        return real(left, right, *rest, relu=relu)

    monkeypatch.setattr(linear, "product", product)
    return seen


def pair(inputs: int, outputs: int, *, bias: bool = True) -> tuple[LinearLayer, nn.Linear]:
    torch.manual_seed(0)
    ours, plain = LinearLayer(inputs, outputs, bias=bias), nn.Linear(inputs, outputs, bias=bias)
    plain.load_state_dict(ours.state_dict())
    return ours, plain


def answers(layer: nn.Linear, rows: Tensor) -> list[Tensor]:
    """The output and all gradients of a sum that weighs each output differently."""
    rows = rows.detach().requires_grad_()
    output = layer(rows)
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    (output * weights).sum().backward()
    gradients = [p.grad for p in (rows, *layer.parameters())]
    return [output.detach(), *(g for g in gradients if g is not None)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.usefixtures("onednn")
def test_agrees_with_torch_forward_and_backward(
    shape: tuple[int, int, int], bias: bool, calls: list[tuple[Tensor, Tensor]]
) -> None:
    rows, inputs, outputs = shape
    ours, plain = pair(inputs, outputs, bias=bias)
    batch = torch.randn(rows, inputs)
    found, expected = answers(ours, batch), answers(plain, batch)
    assert len(found) == len(expected) == 3 + bias
    for mine, theirs in zip(found, expected, strict=True):
        # The largest sums here have 4,096 terms in float32, in another order.
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))
    assert len(calls) >= 2


@pytest.mark.usefixtures("onednn")
@pytest.mark.parametrize("rows", [2, 64])
def test_the_relu_inside_is_torchs_own(rows: int, calls: list[tuple[Tensor, Tensor]]) -> None:
    ours = LinearLayer(784, 500, relu=True)
    plain = nn.Linear(784, 500)
    plain.load_state_dict(ours.state_dict())
    batch = torch.randn(rows, 784).requires_grad_()
    twin = batch.detach().clone().requires_grad_()
    for output, given in ((ours(batch), batch), (plain(twin).relu(), twin)):
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        assert float(output.detach().min()) == 0
        assert given.grad is not None
    pairs = [(batch, twin), *zip(ours.parameters(), plain.parameters(), strict=True)]
    for mine, theirs in pairs:
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-3)
    assert bool(calls) == (rows == 64)


@pytest.mark.usefixtures("onednn")
def test_factors_are_contiguous_or_turned_whatever_comes_in(
    calls: list[tuple[Tensor, Tensor]],
) -> None:
    ours, plain = pair(784, 500)
    for batch in (torch.randn(784, 64).t(), torch.randn(64, 1568)[:, ::2]):
        for mine, theirs in zip(answers(ours, batch), answers(plain, batch), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-3)
    factors = [factor for call in calls for factor in call]
    assert all(f.is_contiguous() or f.t().is_contiguous() for f in factors)


@pytest.mark.usefixtures("onednn")
def test_small_or_other_products_are_torchs_own(calls: list[tuple[Tensor, Tensor]]) -> None:
    ours, plain = pair(784, 500)
    for batch in (torch.randn(2, 784), torch.randn(4, 64, 784)):
        torch.testing.assert_close(ours(batch), plain(batch), rtol=0, atol=0)
    ours.double(), plain.double()
    double = torch.randn(64, 784, dtype=torch.float64)
    torch.testing.assert_close(ours(double), plain(double), rtol=0, atol=0)
    assert not calls


@pytest.mark.usefixtures("onednn")
def test_a_second_derivative_is_refused_and_not_wrong() -> None:
    ours, _ = pair(784, 500)
    rows = torch.randn(64, 784, requires_grad=True)
    (slope,) = torch.autograd.grad(ours(rows).square().sum(), rows, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("vendor_id\t: AuthenticAMD\nflags\t: avx2\n", True),
        ("vendor_id\t: GenuineIntel\nflags\t: avx512f\n", False),
        ("CPU implementer\t: 0x41\n", False),
    ],
)
def test_the_maker_decides(text: str, other: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert linear._other_maker(tmp_path / "cpuinfo") is other


def test_a_system_that_does_not_tell_keeps_torchs_own(tmp_path: Path) -> None:
    assert linear._other_maker(tmp_path / "none") is False
    assert onednn_is_faster() in (True, False)
