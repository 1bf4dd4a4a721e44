"""Every network keeps the promise of `stoker.models.Network`; a new file is tested at once."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from stoker.cells.ragged import Ragged, Rows
from stoker.core.steps import find_step, step_names
from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Model, Network
from stoker.networks.export import export
from stoker.networks.graph_names import graph_feed, graph_input
from stoker.networks.preparing import RaggedTensor, RawRows
from tests.networks.words import FittedWords

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
    "title": FittedWords(num_tokens=50),
    "notes": FittedWords(num_tokens=9),
}
MIXES = [
    ("图",),
    ("图", "photo 2"),
    ("年龄", "height"),
    ("height",),
    ("number_NM", "city"),
    ("city", "图", "年龄"),
    ("title",),
    ("notes", "city", "title", "height"),
    tuple(FEATURES),
]


def networks() -> list[str]:
    """All that can be made from nothing; `encoder` needs a folder and has tests of its own."""
    found = {name: find_step(STAGE, name, Model) for name in step_names(STAGE)}
    return [
        name
        for name, step in found.items()
        if issubclass(step, Network)
        if not any(field.is_required() for field in step.model_fields.values())
    ]


@pytest.fixture(params=networks())
def model(request: pytest.FixtureRequest) -> Network:
    return find_step(STAGE, request.param, Network)()


@pytest.fixture(params=MIXES, ids="+".join)
def features(request: pytest.FixtureRequest) -> dict[str, FittedFeature]:
    return {name: FEATURES[name] for name in request.param}


def raw_rows(features: dict[str, FittedFeature], size: int, seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    rows: dict[str, Any] = {}
    for name, feature in features.items():
        if isinstance(feature, FittedWords):
            length_N = torch.randint(0, 6, (size,), generator=generator)
            length_N[0] = 3
            offsets = torch.cat([torch.zeros(1, dtype=torch.int64), length_N.cumsum(0)])
            tokens = torch.randint(
                1, feature.num_tokens, (int(offsets[-1]),), dtype=torch.int32, generator=generator
            )
            rows[name] = RaggedTensor(tokens, offsets)
        elif isinstance(feature, FittedImage):
            shape = (size, *feature.shape)
            rows[name] = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        elif isinstance(feature, FittedCategory):
            rows[name] = torch.randint(
                0, feature.num_codes, (size,), dtype=torch.int32, generator=generator
            )
        else:
            dtype = torch.from_numpy(np.zeros(0, feature.dtype)).dtype
            rows[name] = torch.randn(size, generator=generator, dtype=dtype)
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
    before = copy.deepcopy(rows)
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
        alone = network(RawRows(rows).rows(i, i + 1).raw)
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
    graph = export(network, {name: feature.form for name, feature in features.items()})
    session = onnxruntime.InferenceSession(graph)
    for size in (1, 7):
        rows = raw_rows(features, size, seed=size)
        feed = graph_feed({graph_input(name): as_array(column) for name, column in rows.items()})
        (found,) = session.run(None, feed)
        expected = network(rows).detach().numpy()
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)


def as_array(column: Any) -> Rows:
    if isinstance(column, RaggedTensor):
        return Ragged(column.values.numpy(), column.offsets.numpy())
    return column.numpy()


def test_builds_for_pictures_of_any_size(model: Network) -> None:
    for height, width in itertools.product((1, 5, 90), repeat=2):
        image = FittedImage(
            height=height, width=width, channels=1, resize="stretch", mean=(0.5,), std=(0.5,)
        )
        features: dict[str, FittedFeature] = {"image": image}
        assert build(model, features)(raw_rows(features, 2)).shape == (2, NUM_OUTPUTS)
