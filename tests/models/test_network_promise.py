"""Every network keeps the promise of `stoker.models.Network`; a new file is tested at once."""

from __future__ import annotations

import io
import itertools
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from stoker.core.steps import find_step, step_names
from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Model, Network

STAGE = "stoker.models"
NUM_OUTPUTS = 4
FEATURES: dict[str, FittedFeature] = {
    "图": FittedImage(
        height=12, width=9, channels=3, resize="stretch", mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.3)
    ),
    "photo 2": FittedImage(
        height=8, width=8, channels=1, resize="stretch", mean=(0.1,), std=(0.3,)
    ),
    "年龄": FittedNumber(mean=0, std=1, low=-1, high=1, had_missing=True, raw=True),
    "height": FittedNumber(mean=0, std=1, low=-1, high=1, had_missing=False, raw=True),
    "number_NM": FittedCategory(vocabulary=("x", "y", "z"), counts=(3, 2, 1), had_missing=True),
    "city": FittedCategory(
        vocabulary=tuple(map(str, range(40))), counts=(1,) * 40, had_missing=False
    ),
}
MIXES = [
    ("图",),
    ("图", "photo 2"),
    ("年龄", "height"),
    ("height",),
    ("number_NM", "city"),
    ("city", "图", "年龄"),
    tuple(FEATURES),
]


def networks() -> list[str]:
    return [n for n in step_names(STAGE) if issubclass(find_step(STAGE, n, Model), Network)]


@pytest.fixture(params=networks())
def model(request: pytest.FixtureRequest) -> Network:
    return find_step(STAGE, request.param, Network)()


@pytest.fixture(params=MIXES, ids="+".join)
def features(request: pytest.FixtureRequest) -> dict[str, FittedFeature]:
    return {name: FEATURES[name] for name in request.param}


def raw_rows(features: dict[str, FittedFeature], size: int, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    rows = {}
    for name, feature in features.items():
        if isinstance(feature, FittedImage):
            shape = (size, *feature.shape)
            rows[name] = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        elif isinstance(feature, FittedCategory):
            rows[name] = torch.randint(
                0, feature.num_codes, (size,), dtype=torch.int32, generator=generator
            )
        else:
            rows[name] = torch.randn(size, generator=generator)
            rows[name][::3] = float("nan")
    return rows


def build(model: Network, features: dict[str, FittedFeature], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return model.build(features, NUM_OUTPUTS)


def shake(network: nn.Module) -> nn.Module:
    """Random weights and statistics everywhere, so that equality means something."""
    torch.manual_seed(9)
    for name, tensor in network.state_dict().items():
        if name.startswith("scaler.") or not tensor.is_floating_point():
            continue
        if tensor.ndim > 1:
            tensor.copy_(torch.randn_like(tensor) / tensor[0].numel() ** 0.5)
        else:
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return network.eval()


def test_gives_finite_outputs_for_any_mix(
    model: Network, features: dict[str, FittedFeature]
) -> None:
    network = build(model, features)
    output = network(raw_rows(features, 5))
    assert output.shape[1] == NUM_OUTPUTS
    assert output.shape[0] in (1, 5)
    assert output.dtype == torch.float32
    assert torch.isfinite(output).all()


def test_leaves_raw_rows_as_they_were(model: Network, features: dict[str, FittedFeature]) -> None:
    rows = raw_rows(features, 4)
    before = {name: column.clone() for name, column in rows.items()}
    build(model, features)(rows)
    torch.testing.assert_close(rows, before, rtol=0, atol=0, equal_nan=True)


def test_equal_seeds_build_equal_weights(
    model: Network, features: dict[str, FittedFeature]
) -> None:
    first, second = (build(model, features).state_dict() for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_row_does_not_depend_on_its_batch(
    model: Network, features: dict[str, FittedFeature]
) -> None:
    network = shake(build(model, features))
    rows = raw_rows(features, 6)
    together = network(rows)
    for i in range(6):
        alone = network({name: column[i : i + 1] for name, column in rows.items()})
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)


def test_every_column_matters_and_is_learned_from(
    model: Network, features: dict[str, FittedFeature]
) -> None:
    network = shake(build(model, features))
    rows = raw_rows(features, 8)
    expected = network(rows)
    for name in features:
        changed = raw_rows(features, 8, seed=5)[name]
        assert not torch.equal(network({**rows, name: changed}), expected), name
    network.train()(rows).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_exports_with_a_dynamic_batch(model: Network, features: dict[str, FittedFeature]) -> None:
    network = shake(build(model, features))
    session = onnxruntime.InferenceSession(export(network, features))
    for size in (1, 7):
        rows = raw_rows(features, size, seed=size)
        feed = {f"in {i}": column.numpy() for i, column in enumerate(rows.values())}
        expected = network(rows).detach().numpy()
        (found,) = session.run(None, feed)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)


def test_builds_for_pictures_of_any_size(model: Network) -> None:
    for height, width in itertools.product((1, 5, 90), repeat=2):
        image = FittedImage(
            height=height, width=width, channels=1, resize="stretch", mean=(0.5,), std=(0.5,)
        )
        features: dict[str, FittedFeature] = {"image": image}
        assert build(model, features)(raw_rows(features, 2)).shape == (2, NUM_OUTPUTS)


class _Positional(nn.Module):
    def __init__(self, network: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *columns: Tensor) -> Tensor:
        return self.network(dict(zip(self.names, columns, strict=True)))


def export(network: nn.Module, features: dict[str, FittedFeature]) -> bytes:
    buffer = io.BytesIO()
    inputs = [f"in {i}" for i in range(len(features))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the exporter that is quick
        torch.onnx.export(
            _Positional(network, list(features)).eval(),
            tuple(raw_rows(features, 2).values()),
            buffer,  # pyrefly: ignore[bad-argument-type] - a file works
            dynamo=False,
            opset_version=20,
            input_names=inputs,
            output_names=["output"],
            dynamic_axes={name: {0: "rows"} for name in [*inputs, "output"]},
        )
    return buffer.getvalue()
