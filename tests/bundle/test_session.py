"""Inputs of a graph are looked up by name, however many there are."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from stoker.bundle.session import run_graph
from stoker.networks.graph_names import OUTPUT


def sum_of(names: list[str]) -> bytes:
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 1]) for n in names]
    output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 1])
    node = helper.make_node("Sum", names, [OUTPUT])
    graph = helper.make_graph([node], "sum", inputs, [output])
    opset = helper.make_opsetid("", 20)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    return onnx.ModelProto.SerializeToString(model)


def test_no_list_of_names_is_searched(monkeypatch):
    asked = []
    real = onnxruntime.InferenceSession._validate_input

    def record(session, names):
        asked.append(names)
        real(session, names)

    monkeypatch.setattr(onnxruntime.InferenceSession, "_validate_input", record)
    names = ["a", "b", "c"]
    found = run_graph(sum_of(names), {name: np.ones((4, 1), np.float32) for name in names})
    assert found.tolist() == [[3.0]] * 4
    assert asked
    assert all(isinstance(one, frozenset) for one in asked)


def test_a_missing_input_is_still_an_error():
    with pytest.raises(ValueError, match="missing from input feed"):
        run_graph(sum_of(["a", "b"]), {"a": np.ones((4, 1), np.float32)})
