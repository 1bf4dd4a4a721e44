"""Which form of int8 is taken, what it is made of, and on which rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, load_from_string, numpy_helper

from stoker.bundle.decision import Decision
from stoker.bundle.read import open_bundle
from stoker.bundle.write import write_bundle
from stoker.compress import int8
from stoker.compress.int8 import Int8
from stoker.core.errors import ArtifactError, MachineError

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
