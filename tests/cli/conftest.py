"""Small real bundles, and a home with artifacts, a run and a model, for the verbs to work on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stoker.bundle.interface import Interface
from stoker.bundle.write import write_bundle
from stoker.data.clean import CleanerState
from stoker.features import FittedFeature
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.features.text import FittedText, Gram
from stoker.networks.graph_names import OUTPUT, ROWS, graph_input
from stoker.store.catalog import Catalog
from stoker.store.home import report_path
from stoker.store.store import Store
from stoker.tasks.classify import FittedClassify

BRIGHT = FittedImage(height=2, width=2, channels=1, resize="stretch", mean=(0.5,), std=(0.5,))
AGE = FittedNumber(mean=50, std=10, low=0, high=90, had_missing=False)

REMARK = FittedText(
    grams=(Gram(kind="word", text="good", weight=9.0),),
    had_missing=False,
    means=(0, 0),
    stds=(1, 1),
    spread=1,
)


def write_sign_bundle(
    folder: Path,
    inputs: dict[str, FittedFeature],
    centre: float,
    name: str = "demo",
    cleaners: tuple[CleanerState, ...] = (),
) -> Path:
    """A bundle that says 高 where the sum of all inputs is above `centre`, else 低."""
    sizes = {column: int(np.prod(feature.shape)) for column, feature in inputs.items()}
    constants: dict[str, np.ndarray] = {
        "weight": np.array([[-1.0, 1.0]] * sum(sizes.values()), np.float32),
        "bias": np.array([centre, -centre], np.float32),
    }
    nodes = [
        helper.make_node("Concat", [f"flat {column}" for column in inputs], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weight"], ["product"]),
        helper.make_node("Add", ["product", "bias"], [OUTPUT]),
    ]
    places = []
    for column, feature in inputs.items():
        name_in, shape, number = graph_input(column), f"shape {column}", f"float {column}"
        constants[shape] = np.array([-1, sizes[column]], np.int64)
        nodes[:0] = [
            helper.make_node("Cast", [name_in], [number], to=TensorProto.FLOAT),
            helper.make_node("Reshape", [number, shape], [f"flat {column}"]),
        ]
        kind = helper.np_dtype_to_tensor_dtype(feature.dtype)
        places.append(helper.make_tensor_value_info(name_in, kind, [ROWS, *feature.shape]))
    graph = helper.make_graph(
        nodes,
        "sign",
        places,
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, 2])],
        [numpy_helper.from_array(value, label) for label, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    task = FittedClassify(classes=("低", "高"), counts=(1, 1), kind="text")
    write_bundle(
        folder,
        name=name,
        interface=Interface(inputs, cleaners, "label", task),
        graph=model.SerializeToString(),
        weights=constants,
        model={},
    )
    return folder


@pytest.fixture(scope="session")
def age_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sign_bundle(tmp_path_factory.mktemp("age") / "bundle", {"年龄": AGE}, 0)


@pytest.fixture(scope="session")
def text_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sign_bundle(tmp_path_factory.mktemp("text") / "bundle", {"text": REMARK}, 5)


@pytest.fixture(scope="session")
def image_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sign_bundle(tmp_path_factory.mktemp("image") / "bundle", {"image": BRIGHT}, 400)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home after one whole run: rows, a bundle made from them, a stray, and version 1."""
    place = tmp_path / "home"
    store, catalog = Store(place), Catalog(place)
    rows = publish(store, "dataset", "a" * 64, {}, {"rows_out": 1200})
    bundle = publish(store, "bundle", "b" * 64, {"dataset": rows.fingerprint}, {"chosen": "model"})
    publish(store, "prepared", "c" * 64, {}, {})
    metrics = {"accuracy": {"value": 0.9234, "low": 0.91, "high": 0.936}}
    run = catalog.start_run("digits", "version: 1\n", stoker="0.1.0", overrides=["seed=7"])
    report = report_path(place, run)
    report.parent.mkdir(parents=True)
    report.write_text("<p>报告</p>", encoding="utf-8")
    for stage, artifact in (("acquire", rows), ("bundle", bundle)):
        catalog.record_stage(
            run, stage, artifact.fingerprint, "done", 1.5, manifest=artifact.manifest
        )
    catalog.finish_run(run, "done", {"metrics": metrics, "report": str(report)})
    catalog.add_model("digits", bundle.fingerprint, metrics, run=run)
    return place


def publish(
    store: Store, kind: str, mark: str, parents: dict[str, str], summary: dict[str, Any]
) -> Any:
    """An artifact with something in it; a bundle is a real one."""
    with store.draft(kind, mark, parents) as draft:
        if kind == "bundle":
            write_sign_bundle(draft.folder, {"年龄": AGE}, 0, name="digits")
            (draft.folder / "manifest.json").unlink()
        else:
            (draft.folder / "rows.bin").write_bytes(mark.encode())
        return draft.publish(summary)
