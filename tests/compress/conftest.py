"""A small net over pictures, made without torch, and prepared sets that it answers rightly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stoker.bundle.interface import Interface
from stoker.bundle.session import run_graph
from stoker.bundle.write import write_bundle
from stoker.compress import Material
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models._table_graph import table_graph
from stoker.models._tree_graph import Forest
from stoker.networks.graph_names import OUTPUT, ROWS, graph_input
from stoker.tasks.classify import FittedClassify

SIDE = 16
HIDDEN = 512
Net = Callable[[int], tuple[bytes, dict[str, np.ndarray]]]
PICTURE = FittedImage(
    height=SIDE, width=SIDE, channels=1, resize="stretch", mean=(0.5,), std=(0.25,)
)


@dataclass(frozen=True)
class Case:
    """A bundle, and parts that belong to it."""

    bundle: Path
    train: PreparedSet
    validation: PreparedSet

    @property
    def material(self) -> Material:
        return Material(self.calibration, self.train, self.validation)

    @property
    def calibration(self) -> dict[str, np.ndarray]:
        return {name: column[:128] for name, column in self.train.columns.items()}


def task(num_classes: int) -> FittedClassify:
    names = tuple(map(str, range(num_classes)))
    return FittedClassify(classes=names, counts=(1,) * num_classes, kind="integer")


def net(num_outputs: int) -> tuple[bytes, dict[str, np.ndarray]]:
    """Scale, flatten, two layers: wide enough that int8 is faster."""
    random = np.random.default_rng(0)
    weights = {
        "scale": np.array(1 / 255, np.float32),
        "w1": random.normal(0, 0.1, (SIDE * SIDE, HIDDEN)).astype(np.float32),
        "b1": random.normal(0, 0.1, HIDDEN).astype(np.float32),
        "w2": random.normal(0, 0.1, (HIDDEN, num_outputs)).astype(np.float32),
        "b2": np.zeros(num_outputs, np.float32),
    }
    nodes = [
        helper.make_node("Cast", [graph_input("图像")], ["pixel"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixel", "scale"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["first"]),
        helper.make_node("Relu", ["first"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], [OUTPUT]),
    ]
    return _serialised(nodes, weights, num_outputs), weights


def _serialised(
    nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], num_outputs: int
) -> bytes:
    shape = [ROWS, 1, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(graph_input("图像"), TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, num_outputs])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return model.SerializeToString(deterministic=True)


def banded_net(num_outputs: int) -> tuple[bytes, dict[str, np.ndarray]]:
    """A matrix for each of four bands of the picture: one product with a weight of three axes."""
    random = np.random.default_rng(0)
    bands, band = 4, SIDE * SIDE // 4
    weights = {
        "scale": np.array(1 / 255, np.float32),
        "shape": np.array([-1, bands, 1, band], np.int64),
        "w1": random.normal(0, 0.1, (bands, band, 32)).astype(np.float32),
        "w2": random.normal(0, 0.1, (bands * 32, num_outputs)).astype(np.float32),
        "b2": np.zeros(num_outputs, np.float32),
    }
    nodes = [
        helper.make_node("Cast", [graph_input("图像")], ["pixel"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixel", "scale"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "shape"], ["bands"]),
        helper.make_node("MatMul", ["bands", "w1"], ["first"]),
        helper.make_node("Relu", ["first"], ["hidden"]),
        helper.make_node("Flatten", ["hidden"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w2", "b2"], [OUTPUT]),
    ]
    return _serialised(nodes, weights, num_outputs), weights


def net_case(folder: Path, num_classes: int, make: Net = net) -> Case:
    folder.mkdir()
    graph, weights = make(num_classes)
    interface = Interface({"图像": PICTURE}, (), "label", task(num_classes))
    bundle = folder / "model"
    write_bundle(
        bundle, name="net", interface=interface, graph=graph, weights=weights, model={"mlp": {}}
    )
    parts = []
    for seed, part in enumerate(("train", "validation")):
        pixels = np.random.default_rng(seed).integers(0, 256, (400, 1, SIDE, SIDE), np.uint8)
        target = run_graph(graph, {graph_input("图像"): pixels}).argmax(1)
        with PreparedWriter(
            folder, part, {"图像": Column("uint8", (1, SIDE, SIDE))}, Column("int64")
        ) as w:
            w.append({"图像": pixels}, target=target.astype(np.int64), row=np.arange(400))
        parts.append(PreparedSet.open(folder, part))
    return Case(bundle, *parts)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return net_case(tmp_path / "ten", 10)


@pytest.fixture
def banded_case(tmp_path: Path) -> Case:
    return net_case(tmp_path / "banded", 10, banded_net)


@pytest.fixture
def binary_case(tmp_path: Path) -> Case:
    return net_case(tmp_path / "two", 2)


@pytest.fixture
def forest_case(tmp_path: Path) -> Case:
    folder = tmp_path / "forest"
    folder.mkdir()
    forest = Forest(
        num_nodes=np.array([1], np.int32),
        feature=np.array([0], np.int32),
        threshold=np.array([0.0]),
        decision=np.array([2 | 2 << 2], np.int8),
        left=np.array([-1], np.int32),
        right=np.array([-2], np.int32),
        leaf=np.array([-1.0, 1.0]),
        set_end=np.array([], np.int32),
        set_word=np.array([], np.uint32),
        middle=np.full(1, np.nan),
        output=np.array([1], np.int32),
    )
    age = FittedNumber(mean=0, std=1, low=-3, high=3, had_missing=False, raw=True)
    graph = table_graph({"age": np.empty(0, age.dtype)}, 2, forest=forest)
    bundle = folder / "model"
    write_bundle(
        bundle,
        name="trees",
        interface=Interface({"age": age}, (), "label", task(2)),
        graph=graph,
        weights=forest.arrays(),
        model={"boosted_trees": {}},
    )
    parts = []
    for seed, part in enumerate(("train", "validation")):
        values = np.random.default_rng(seed).normal(size=100)
        with PreparedWriter(folder, part, {"age": Column("float64")}, Column("int64")) as writer:
            target = (values > 0).astype(np.int64)
            writer.append({"age": values}, target=target, row=np.arange(100))
        parts.append(PreparedSet.open(folder, part))
    return Case(bundle, *parts)
