"""A compressor may learn: targets, a loop and the network of the bundle are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.read import open_bundle
from stoker.bundle.rebuild import network_of
from stoker.bundle.write import write_bundle
from stoker.candidates.conditions import Conditions
from stoker.compress import Compressor, Material
from stoker.core.errors import ArtifactError, RecipeError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features.number import FittedNumber
from stoker.models.linear import Linear
from stoker.models.mlp import Mlp
from stoker.networks.export import export, weights_of
from stoker.store.scratch import scratch_folder
from stoker.tasks.classify import FittedClassify
from stoker.train.loop import train_network
from stoker.train.settings import Settings

TASK = FittedClassify(classes=("low", "high"), counts=(1, 1), kind="text")
NUMBER = FittedNumber(mean=0, std=1, low=-3, high=3, had_missing=False, raw=True)
INTERFACE = Interface({"x": NUMBER, "y": NUMBER}, (), "target", TASK)


class Prune(Compressor):
    """Half of the weights become zero, and the rest learns to do without them."""

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        source = open_bundle(bundle)
        network = network_of(source)
        with torch.no_grad():
            for weight in network.parameters():
                weight[weight.abs() < weight.abs().median()] = 0
        with scratch_folder("prune") as scratch:
            trained = train_network(
                network,
                material.train,
                material.validation,
                source.interface.task,
                Settings(epochs=5, rate=0.01),
                seed=material.seed,
                scratch=scratch.path,
            )
        write_bundle(
            out,
            name=source.name,
            interface=source.interface,
            graph=export(trained.network, source.interface.forms),
            weights=weights_of(trained.network),
            model={**source.model, "compressed": {"prune": {}}},
            decision=source.decision,
        )


def part(folder: Path, name: str, rows: int) -> PreparedSet:
    """Points; those above a wave are of the second class."""
    random = np.random.default_rng(len(name))
    x, y = random.uniform(-2, 2, (2, rows))
    columns = {"x": x, "y": y}
    forms = dict.fromkeys(columns, Column("float64"))
    with PreparedWriter(folder, name, forms, Column("int64")) as writer:
        writer.append(columns, target=(y > np.sin(2 * x)).astype(np.int64), row=np.arange(rows))
    return PreparedSet.open(folder, name)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[PreparedSet, PreparedSet]:
    return part(tmp_path, "train", 1500), part(tmp_path, "validation", 500)


def right(bundle: Path, rows: PreparedSet) -> float:
    return float((load(bundle).outputs_of(rows.columns).argmax(1) == rows.target).mean())


def test_a_network_goes_on_from_its_bundle(
    parts: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    train, validation = parts
    model = Mlp(hidden=(32, 32))
    under = Conditions(
        1, features=INTERFACE.inputs, settings=Settings(epochs=30, batch_size=32, rate=0.01)
    )
    made = model.fit(train, validation, TASK, under=under)
    write_bundle(
        tmp_path / "whole",
        name="points",
        interface=INTERFACE,
        graph=made.graph,
        weights=made.weights,
        model={"step": {"mlp": model.model_dump(mode="json")}},
    )
    network = network_of(open_bundle(tmp_path / "whole")).eval()
    with torch.no_grad():
        columns = {n: torch.from_numpy(np.array(c)) for n, c in validation.columns.items()}
        again = network(columns).numpy()
    np.testing.assert_allclose(again, made.validation_output_NK, atol=1e-6)
    Prune().compress(tmp_path / "whole", tmp_path / "small", Material({}, train, validation))
    assert right(tmp_path / "whole", validation) > 0.95
    assert right(tmp_path / "small", validation) > 0.93


def test_what_is_no_network_cannot_learn_further(
    parts: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    made = Linear().fit(*parts, TASK, under=Conditions(1, threads=1))
    write_bundle(
        tmp_path / "linear",
        name="points",
        interface=INTERFACE,
        graph=made.graph,
        weights=made.weights,
        model={"step": {"linear": {}}},
    )
    with pytest.raises(ArtifactError, match="linear is no network"):
        network_of(open_bundle(tmp_path / "linear"))


@pytest.mark.parametrize("step", [{"os:system": {}}, {"antigravity_of_nobody:Model": {}}])
def test_a_bundle_never_decides_what_is_imported(
    parts: tuple[PreparedSet, PreparedSet], tmp_path: Path, step: dict[str, dict[str, object]]
) -> None:
    made = Linear().fit(*parts, TASK, under=Conditions(1, threads=1))
    write_bundle(
        tmp_path / "odd",
        name="points",
        interface=INTERFACE,
        graph=made.graph,
        weights=made.weights,
        model={"step": step},
    )
    with pytest.raises((ArtifactError, RecipeError)):
        network_of(open_bundle(tmp_path / "odd"))
