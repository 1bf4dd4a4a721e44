"""Small bundles, made without torch: a forest over a table and a linear net over pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import Predictor, load
from stoker.bundle.write import write_bundle
from stoker.cells.numbers import NumberCells
from stoker.data.clean.missing import FilledNumber, FittedMissing
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models._table_graph import table_graph as graph_of
from stoker.models._tree_graph import Forest
from stoker.networks.graph_names import OUTPUT, ROWS, graph_input
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

Make = Callable[..., Path]


def table_interface() -> Interface:
    return Interface(
        inputs={
            "年龄": FittedNumber(mean=40, std=10, low=18, high=90, had_missing=True, raw=True),
            "job": FittedCategory(
                vocabulary=("1", "cook", "厨师"), counts=(5, 3, 2), had_missing=True
            ),
        },
        cleaners=(),
        target="income",
        task=FittedClassify(classes=("low", "high"), counts=(9, 4), kind="text"),
    )


def forest() -> Forest:
    """Two trees: one splits on age at 40 (missing goes left), one on the set of jobs {2, 3}."""
    return Forest(
        num_nodes=np.array([1, 1], np.int32),
        feature=np.array([0, 1], np.int32),
        threshold=np.array([40.0, 0.0]),
        decision=np.array([2 | 2 << 2, 1], np.int8),
        left=np.array([-1, -1], np.int32),
        right=np.array([-2, -2], np.int32),
        leaf=np.array([-1.0, 1.0, 0.5, -0.25]),
        set_end=np.array([1], np.int32),
        set_word=np.array([0b1100], np.uint32),
        middle=np.full(2, np.nan),
        output=np.array([1, 1], np.int32),
    )


def table_graph(interface: Interface) -> bytes:
    columns = {name: np.empty((0, *f.shape), f.dtype) for name, f in interface.inputs.items()}
    return graph_of(columns, interface.task.output.width, forest=forest())


def picture_interface() -> Interface:
    image = FittedImage(height=6, width=5, channels=1, resize="stretch", mean=(0.5,), std=(0.25,))
    task = FittedRegress(mean=10, std=2, low=0, high=20)
    return Interface({"图像": image}, (), "size", task)


def picture_graph(interface: Interface) -> tuple[bytes, dict[str, np.ndarray]]:
    """Pixels times weights, summed: output is linear in the picture."""
    weight = (np.arange(30, dtype=np.float32).reshape(30, 1) - 15) / 3000
    nodes = [
        helper.make_node("Cast", [graph_input("图像")], ["pixel"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["pixel"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weight"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info(graph_input("图像"), TensorProto.UINT8, [ROWS, 1, 6, 5])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, 1])],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    assert interface.inputs["图像"].shape == (1, 6, 5)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True), {"weight": weight}


@pytest.fixture
def make_table(tmp_path: Path) -> Make:
    """Write a table bundle; keywords replace parts of it."""

    def make(folder: str = "table", /, **parts: Any) -> Path:
        interface = parts.pop("interface", table_interface())
        whole: dict[str, Any] = {
            "name": "people",
            "interface": interface,
            "graph": table_graph(interface),
            "weights": forest().arrays(),
            "model": {"boosted_trees": {}},
        }
        write_bundle(tmp_path / folder, **{**whole, **parts})
        return tmp_path / folder

    return make


@pytest.fixture
def make_picture(tmp_path: Path) -> Make:
    """Write a picture bundle."""

    def make(name: str = "picture") -> Path:
        interface = picture_interface()
        graph, weights = picture_graph(interface)
        write_bundle(
            tmp_path / name,
            name="sizes",
            interface=interface,
            graph=graph,
            weights=weights,
            model={},
        )
        return tmp_path / name

    return make


@pytest.fixture
def table(make_table: Make) -> Predictor:
    return load(make_table())


@pytest.fixture
def picture(make_picture: Make) -> Predictor:
    return load(make_picture())


@pytest.fixture
def people() -> pa.Table:
    return pa.table(
        {
            "年龄": pa.array([25.0, 61.0, None, 40.0, 41.0]),
            "job": pa.array(["cook", "厨师", "1", None, "unheard of"]),
        }
    )


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 5), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def pictures() -> pa.Table:
    return pa.table({"图像": pa.array([png(i) for i in range(4)], pa.large_binary())})


@pytest.fixture
def with_cleaner() -> Interface:
    """The table interface with a cleaner that fills a missing age with 55."""
    plain = table_interface()
    rule = FilledNumber(cells=NumberCells(), fill=55)
    state = FittedMissing(numbers={"年龄": rule}, categories={})
    return Interface(plain.inputs, (state,), plain.target, plain.task)
