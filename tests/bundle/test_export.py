"""Networks become graphs that answer alike, for any number of rows, with equal bytes."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.write import write_bundle
from stoker.core.errors import RecipeError
from stoker.core.steps import find_step, step_names
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.features.timestamp import FittedTimestamp
from stoker.models import Model, Network
from stoker.networks.export import export, weights_of
from stoker.tasks.classify import FittedClassify

torch = pytest.importorskip("torch")

TABLE = {
    "output": FittedNumber(mean=3, std=2, low=0, high=9, had_missing=True, raw=True),
    "类别": FittedCategory(vocabulary=("a", "b"), counts=(2, 1), had_missing=True),
    "时": FittedTimestamp(
        kind="moment",
        first_us=0,
        last_us=1,
        parts=("days", "hour"),
        means=(200, 12),
        stds=(99, 5),
        had_missing=True,
    ),
}
PICTURE = {
    "5": FittedImage(height=12, width=10, channels=3, resize="fit", mean=(0.5,) * 3, std=(0.2,) * 3)
}
TASK = FittedClassify(classes=("x", "y", "z"), counts=(1, 1, 1), kind="text")
NETWORKS = [
    name
    for name in step_names("stoker.models")
    if issubclass(find_step("stoker.models", name, Model), Network)
    if name != "encoder"  # needs a folder; its graph is asked in tests/models/test_encoder.py
]


def tensors(interface: Interface, rows: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(rows)
    made = {}
    for name, feature in interface.inputs.items():
        high = 3 if feature.dtype == np.int32 else 256
        values = random.integers(0, high, (rows, *feature.shape)).astype(feature.dtype)
        if feature.dtype.kind == "f":
            values = values / 100
            values[random.random(rows) < 0.3] = np.nan
        made[name] = values
    return made


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("columns", [TABLE, PICTURE, {**TABLE, **PICTURE}], ids=["t", "p", "both"])
def test_graphs_repeat_their_network(name: str, columns: dict, tmp_path) -> None:
    model = find_step("stoker.models", name, Network)()
    interface = Interface(columns, (), "target", TASK)
    torch.manual_seed(0)
    try:
        network = model.build(columns, 3).train()
    except RecipeError as error:
        pytest.skip(error.what)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    graph = export(network, interface.forms)
    assert graph == export(network, interface.forms)
    assert network.training
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
    write_bundle(
        tmp_path / "b",
        name="net",
        interface=interface,
        graph=graph,
        weights=weights_of(network),
        model={},
    )
    predictor = load(tmp_path / "b")
    network.eval()
    for rows in (1, 2, 7):
        asked = tensors(interface, rows)
        with torch.no_grad():
            expected = network({k: torch.from_numpy(v) for k, v in asked.items()}).numpy()
        np.testing.assert_allclose(predictor.outputs_of(asked), expected, atol=2e-5, rtol=1e-4)
