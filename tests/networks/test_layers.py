"""Activations and first weights: every one trains and exports, and the defaults change nothing."""

from __future__ import annotations

import hashlib
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from stoker.bundle._operators import _WRITTEN
from stoker.core.steps import find_step
from stoker.features import FittedFeature, Form
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models._layered import Layered
from stoker.networks.export import export
from stoker.networks.graph_names import graph_input
from stoker.networks.layers import ActivationName, InitializerName, initialize, make_activation
from stoker.networks.linear import LinearLayer

PICTURE = FittedImage(
    height=28, width=28, channels=1, resize="stretch", mean=(0.1307,), std=(0.3081,)
)
FEATURES: dict[str, FittedFeature] = {
    "image": PICTURE,
    "age": FittedNumber(mean=0, std=1, low=0, high=1, had_missing=True, raw=True),
}
FORMS = {"image": Form(np.dtype("uint8"), (1, 28, 28)), "age": Form(np.dtype("float64"), ())}
MODELS = {"mlp": {"hidden": (20, 10)}, "cnn": {"width": 4}, "resnet": {"width": 4, "hidden": (8,)}}
GOLDEN = {
    "mlp": "bfe8d695b6b9696c",
    "cnn": "80521d044d5e2030",
    "resnet": "81654853e49e71e6",
}
"""Of the weights of 28x28 grey pictures and 10 classes, before there was anything to choose."""


def build(name: str, seed: int = 5, **keys: object) -> nn.Module:
    step = find_step("stoker.models", name, Layered).model_validate({**MODELS[name], **keys})
    torch.manual_seed(seed)
    return step.build(FEATURES, 10)


def rows(size: int) -> dict[str, Tensor]:
    random = np.random.default_rng(size)
    image = random.integers(0, 256, (size, 1, 28, 28), dtype=np.uint8)
    return {"image": torch.from_numpy(image), "age": torch.from_numpy(random.normal(size=size))}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_defaults_draw_the_weights_that_they_always_drew(name: str) -> None:
    torch.manual_seed(5)
    network = find_step("stoker.models", name, Layered)().build({"image": PICTURE}, 10)
    sha = hashlib.sha256()
    for key, tensor in sorted(network.state_dict().items()):
        sha.update(key.encode() + tensor.contiguous().numpy().tobytes())
    assert sha.hexdigest()[:16] == GOLDEN[name]


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("activation", get_args(ActivationName))
def test_every_activation_learns_and_becomes_a_graph_that_answers_alike(
    name: str, activation: str
) -> None:
    network = build(name, activation=activation)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    network(rows(8)).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    optimizer.step()
    network.eval()
    graph = export(network, FORMS)
    assert {node.op_type for node in onnx.load_from_string(graph).graph.node} <= set(_WRITTEN)
    session = onnxruntime.InferenceSession(graph)
    for size in (1, 7):
        feed = {graph_input(column): value.numpy() for column, value in rows(size).items()}
        (found,) = session.run(None, feed)
        expected = network(rows(size)).detach().numpy()
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("activation", get_args(ActivationName))
def test_an_activation_stands_wherever_relu_stood(name: str, activation: ActivationName) -> None:
    kind = type(make_activation(activation))
    found = [
        isinstance(m, kind) or _rectifies(m) for m in build(name, activation=activation).modules()
    ]
    assert sum(found) == sum(_rectifies(module) for module in build(name).modules()) > 1
    if activation != "relu":
        assert not any(_rectifies(m) for m in build(name, activation=activation).modules())


def _rectifies(module: nn.Module) -> bool:
    return isinstance(module, nn.ReLU) or (isinstance(module, LinearLayer) and module.relu)


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("initializer", get_args(InitializerName))
def test_initializers_change_layers_alone_and_repeat(name: str, initializer: str) -> None:
    usual, first, second = (
        build(name),
        build(name, initializer=initializer),
        build(name, initializer=initializer),
    )
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)
    for (path, layer), other in zip(first.named_modules(), usual.modules(), strict=True):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            assert not torch.equal(layer.weight, other.get_parameter("weight")), path
            assert layer.bias is None or not layer.bias.any()
        elif isinstance(layer, nn.BatchNorm2d):
            torch.testing.assert_close(layer.state_dict(), other.state_dict())
    assert torch.isfinite(first(rows(3))).all()


def test_initializers_have_the_deviations_of_their_sources() -> None:
    def weight(name: InitializerName, layer: nn.Module) -> Tensor:
        torch.manual_seed(1)
        initialize(layer, name)
        return layer.get_parameter("weight").detach()

    kernel = nn.Conv2d(50, 80, 3)
    assert float(weight("he", kernel).std()) == pytest.approx((2 / 450) ** 0.5, rel=0.02)
    spread = (2 / (450 + 720)) ** 0.5
    assert float(weight("xavier", kernel).std()) == pytest.approx(spread, rel=0.02)
    assert float(weight("gaussian", kernel).std()) == pytest.approx(0.01, rel=0.02)
    turned = weight("orthogonal", kernel).flatten(1)
    torch.testing.assert_close(turned @ turned.T, torch.eye(80), atol=1e-5, rtol=0)


def test_weights_are_drawn_alike_in_either_layout() -> None:
    drawn = []
    for layout in (torch.contiguous_format, torch.channels_last):
        layer = nn.Conv2d(4, 6, 3)
        layer.weight.data = layer.weight.data.contiguous(memory_format=layout)
        torch.manual_seed(2)
        initialize(layer, "orthogonal")
        assert layer.weight.is_contiguous(memory_format=layout)
        drawn.append(layer.weight.detach())
    assert torch.equal(*drawn)
