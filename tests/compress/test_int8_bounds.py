"""Which form of int8 is taken, what it is made of, and on which rows."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, load_from_string, numpy_helper

from stoker.bundle.decision import Decision
from stoker.bundle.read import open_bundle
from stoker.bundle.write import write_bundle
from stoker.compress import int8
from stoker.compress.int8 import Int8
from stoker.core.errors import ArtifactError, MachineError, MissingExtraError

FORMS: tuple[int8.Form, ...] = ("unsigned", "signed", "reduced")


def nearest(monkeypatch: pytest.MonkeyPatch, *errors: float | None) -> int8.Form:
    """The form that is taken when these are their errors; None: it does not run."""
    graphs = {form: form.encode() for form in FORMS}
    by_graph = dict(zip(graphs.values(), errors, strict=True))

    def run_graph(graph: bytes, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
        error = by_graph.get(graph, 0.0)
        if error is None:
            raise MachineError(f"no {graph.decode()}")
        return np.array([[1.0 + error, 1.0 - error]])

    monkeypatch.setattr(int8, "run_graph", run_graph)
    return int8._nearest(b"exact", graphs, {})


@pytest.mark.parametrize(
    ("errors", "taken"),
    [
        ((1.0, 1.0, 1.0), "unsigned"),
        ((1.049, 1.0, 1.0), "unsigned"),
        ((1.051, 1.0, 1.0), "signed"),
        ((2.0, 2.0, 1.0), "reduced"),
        ((2.0, 1.04, 1.0), "signed"),
        ((None, 9.0, None), "signed"),
        ((0.0, 0.0, 0.0), "unsigned"),
    ],
)
def test_the_first_that_is_nearly_as_near_as_the_best_is_taken(
    monkeypatch: pytest.MonkeyPatch, errors: tuple[float | None, ...], taken: str
) -> None:
    assert nearest(monkeypatch, *errors) == taken


def test_none_that_runs_is_an_error_with_what_the_last_one_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ArtifactError) as caught:
        nearest(monkeypatch, None, None, None)
    assert "what the quantiser made of it does not run: no reduced" in caught.value.what
    assert caught.value.fix == "leave int8 out of compress.methods"


@pytest.mark.parametrize(
    ("num_rows", "sizes"), [(1, [1]), (64, [64]), (65, [64, 1]), (200, [64, 64, 64, 8])]
)
def test_calibration_sees_every_row_once(num_rows: int, sizes: list[int]) -> None:
    rows = {"x": np.arange(num_rows, dtype=np.float32)}
    reader = int8._CalibrationReader(rows)
    batches = []
    while (batch := reader.get_next()) is not None:
        batches.append(batch["x"])
    assert [len(batch) for batch in batches] == sizes
    assert np.array_equal(np.concatenate(batches), rows["x"])
    assert reader.get_next() is None


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_what_its_name_says(form: int8.Form, case: Any) -> None:
    tensors = {int8.graph_input(name): rows for name, rows in case.calibration.items()}
    made = load_from_string(int8._quantise(open_bundle(case.bundle).graph, tensors, form))
    kinds = {
        numpy_helper.to_array(tensor).dtype.name
        for tensor in made.graph.initializer
        if tensor.name.endswith("zero_point") and tensor.dims in ([], [1])
    }
    assert ("uint8" in kinds) == (form != "signed")
    weights = [
        numpy_helper.to_array(tensor)
        for tensor in made.graph.initializer
        if tensor.data_type == TensorProto.INT8 and len(tensor.dims) == 2
    ]
    largest = max(int(np.abs(weight.astype(int)).max()) for weight in weights)
    assert largest <= 64 if form == "reduced" else 120 < largest <= 128
    assert (made.producer_name, made.producer_version) == ("stoker", "")
    assert not made.metadata_props
    assert not made.graph.value_info
    assert {one.domain for one in made.opset_import} == {node.domain for node in made.graph.node}


def test_auto_tries_the_three_and_only_those(
    case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    quantise = int8._quantise

    def remembered(graph: bytes, tensors: Any, form: int8.Form) -> bytes:
        tried.append(form)
        return quantise(graph, tensors, form)

    monkeypatch.setattr(int8, "_quantise", remembered)
    Int8().compress(case.bundle, tmp_path / "auto", case.material)
    Int8(form="signed").compress(case.bundle, tmp_path / "signed", case.material)
    assert tried == [*FORMS, "signed"]
    made, source = open_bundle(tmp_path / "signed"), open_bundle(case.bundle)
    assert made.model == {**source.model, "compressed": {"int8": {"form": "signed"}}}
    assert (made.name, made.decision) == (source.name, source.decision)


def test_the_decision_beside_the_graph_is_kept(case: Any, tmp_path: Path) -> None:
    source = open_bundle(case.bundle)
    weights = tuple(float(number + 1) for number in range(source.interface.task.output.width))
    write_bundle(
        tmp_path / "in",
        name=source.name,
        interface=source.interface,
        graph=source.graph,
        weights={},
        model=source.model,
        decision=Decision(weights=weights),
    )
    Int8(form="unsigned").compress(tmp_path / "in", tmp_path / "out", case.material)
    assert open_bundle(tmp_path / "out").decision == Decision(weights=weights)


def test_a_form_whose_answers_are_not_finite_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nearest(monkeypatch, float("nan"), 2.0, float("inf")) == "signed"
    with pytest.raises(ArtifactError, match="numbers that are not finite"):
        nearest(monkeypatch, float("nan"), float("nan"), float("inf"))


def test_ranges_without_an_end_warn_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = {"column:x": np.ones((4, 2), np.float32)}
    monkeypatch.setattr(int8, "_quantise", lambda *_: np.float32(3e38) * np.float32(10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert int8._quantise_all(b"", tensors, ["signed"]) == {"signed": np.inf}


BETWEEN: dict[str, dict[str, Any]] = {
    "Add": {"inputs": ["first", "first"]},
    "AveragePool": {"kernel_shape": [2, 2]},
    "Flatten": {},
    "GlobalAveragePool": {},
    "MaxPool": {"kernel_shape": [2, 2]},
    "Reshape": {"inputs": ["first", "shape"]},
}
"""Operators between products, with what they need."""


def around(kind: str, **options: Any) -> list[tuple[set[str], set[str]]]:
    """Who makes the inputs of an operator after a convolution, and who takes its output."""
    inputs = options.pop("inputs", ["first"])
    nodes = [
        helper.make_node("Conv", ["column:x", "w1"], ["first"]),
        helper.make_node(kind, inputs, ["middle"], **options),
        helper.make_node("Reshape", ["middle", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "w2"], ["output"]),
    ]
    width = {"AveragePool": 9, "MaxPool": 9, "GlobalAveragePool": 1}.get(kind, 16)
    draw = np.random.default_rng(0)
    weights = {
        "w1": draw.normal(size=(3, 1, 1, 1)).astype(np.float32),
        "w2": draw.normal(size=(3 * width, 2)).astype(np.float32),
        "shape": np.array([-1, 48], np.int64),
        "flat": np.array([-1, 3 * width], np.int64),
        "zero": np.array(0, np.float32),
        "six": np.array(6, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("column:x", TensorProto.FLOAT, ["rows", 1, 4, 4])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["rows", 2])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    rows = {"column:x": draw.normal(size=(8, 1, 4, 4)).astype(np.float32)}
    made = load_from_string(int8._quantise(model.SerializeToString(), rows, "unsigned")).graph.node
    makers = {name: node.op_type for node in made for name in node.output}
    return [
        (
            {makers[name] for name in node.input if name in makers},
            {taker.op_type for taker in made if node.output[0] in taker.input},
        )
        for node in made
        if node.op_type == kind and node.output[0].startswith("middle")
    ]


@pytest.mark.parametrize("kind", BETWEEN)
def test_what_stands_between_products_runs_on_bytes_too(kind: str) -> None:
    assert around(kind, **BETWEEN[kind]) == [({"DequantizeLinear"}, {"QuantizeLinear"})]


def test_what_bytes_cut_off_by_themselves_is_no_operator_any_more() -> None:
    assert around("Relu") == []
    assert around("Clip", inputs=["first", "zero", "six"]) == []


@pytest.mark.parametrize("kind", ["Sigmoid", "Tanh"])
def test_other_operators_give_floats(kind: str) -> None:
    assert around(kind) == [({"DequantizeLinear"}, {"Reshape"})]


def test_why_the_quantiser_failed_is_said_on_one_line_that_is_not_long(
    case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no  such\n type " + "x" * 300)

    monkeypatch.setattr("onnxruntime.quantization.quantize_static", fail)
    with pytest.raises(ArtifactError) as caught:
        int8._quantise(open_bundle(case.bundle).graph, {}, "signed")
    said = "the graph cannot be quantised: no such type " + "x" * 187
    assert caught.value.what == said
    assert caught.value.fix == "leave int8 out of compress.methods"


def test_products_are_what_is_quantised_and_without_one_there_is_nothing_to_do(
    case: Any, forest_case: Any
) -> None:
    assert Int8().refusal(open_bundle(case.bundle)) is None
    said = "the graph has no matrix product or convolution to quantise"
    assert Int8().refusal(open_bundle(forest_case.bundle)) == said


def test_a_product_needs_weights_and_a_range_with_ends(
    monkeypatch: pytest.MonkeyPatch, case: Any
) -> None:
    graph, rows = open_bundle(case.bundle).graph, {}
    monkeypatch.setattr(int8, "ranges_of", lambda *_: {})
    with pytest.raises(ArtifactError, match="it has no product with a matrix of weights"):
        int8._quantise_products(graph, rows, ["unsigned"])
    for end in (float("inf"), float("nan")):
        monkeypatch.setattr(int8, "ranges_of", lambda *_, end=end: {"a": (0.0, 1.0), "b": (0, end)})
        with pytest.raises(ArtifactError, match="what enters a product is not finite"):
            int8._quantise_products(graph, rows, ["unsigned"])


def test_without_onnx_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError) as caught:
        int8._load(b"")
    assert caught.value.what == "compress: int8 needs onnx, which is not installed"
    assert "stoker[train]" in str(caught.value.fix)
