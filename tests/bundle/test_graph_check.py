"""The walk through an ONNX file: good graphs pass, everything foreign or damaged is refused."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from stoker.bundle._graph_check import _NUMBERS, check_graph
from stoker.core.errors import ArtifactError


def model(*nodes: onnx.NodeProto, **parts: object) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [value], [result])
    return helper.make_model(graph, **parts)


def tensor() -> onnx.TensorProto:
    return helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])


def outside() -> onnx.TensorProto:
    found = tensor()
    found.data_location = TensorProto.EXTERNAL
    found.external_data.add(key="location", value="../../etc/passwd")
    return found


def branch(inner: onnx.NodeProto, depth: int) -> onnx.NodeProto:
    for _ in range(depth):
        graph = helper.make_graph([inner], "inner", [], [])
        inner = helper.make_node("If", ["c"], ["z"], then_branch=graph)
    return inner


def refused(found: onnx.ModelProto) -> str:
    with pytest.raises(ArtifactError) as caught:
        check_graph(found.SerializeToString())
    return caught.value.what


def test_standard_operators_pass() -> None:
    check_graph(model(helper.make_node("Relu", ["x"], ["y"])).SerializeToString())
    check_graph(model(branch(helper.make_node("Relu", ["x"], ["y"]), 3)).SerializeToString())


def test_tensors_in_other_files_are_refused() -> None:
    found = model(helper.make_node("Relu", ["x"], ["y"]))
    found.graph.initializer.append(outside())
    assert "another file" in refused(found)


def test_tensors_in_other_files_are_found_in_attributes_and_subgraphs() -> None:
    constant = helper.make_node("Constant", [], ["y"], value=outside())
    assert "another file" in refused(model(constant))
    assert "another file" in refused(model(branch(constant, 2)))


def test_a_location_alone_is_refused() -> None:
    found, hidden = model(), tensor()
    hidden.data_location = TensorProto.EXTERNAL
    found.graph.initializer.append(hidden)
    assert "another file" in refused(found)


@pytest.mark.parametrize("domain", ["com.evil", "com.microsoft", "ai.onnx.contrib", "恶"])
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    foreign = helper.make_node("Run", ["x"], ["y"], domain=domain)
    assert "domain" in refused(model(foreign))
    assert "domain" in refused(model(branch(foreign, 1)))


def test_an_import_of_another_domain_is_refused() -> None:
    found = model(opset_imports=[helper.make_opsetid("com.evil", 1)])
    assert "com.evil" in refused(found)


def test_local_functions_are_refused() -> None:
    function = helper.make_function("ai.onnx", "f", ["a"], ["b"], [], [helper.make_opsetid("", 20)])
    assert "functions" in refused(model(functions=[function]))


def test_sparse_tensors_are_refused() -> None:
    found = model()
    values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    index = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    found.graph.sparse_initializer.append(helper.make_sparse_tensor(values, index, [3]))
    assert "sparse" in refused(found)


def test_deep_nesting_is_refused() -> None:
    inner = helper.make_node("Relu", ["x"], ["y"])
    assert "nested" in refused(model(branch(inner, 20)))


def test_a_file_without_a_graph_is_refused() -> None:
    assert "0 graphs" in refused(onnx.ModelProto(ir_version=9))


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_a_crash(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        check_graph(data)


def test_every_cut_of_a_graph_is_refused_or_harmless() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], ints=[1, 300, -5], floats=[1.0, 2.0])
    data = model(node).SerializeToString()
    for length in range(len(data)):
        try:
            check_graph(data[:length])
        except ArtifactError:
            continue
        onnx.load_from_string(data[:length])  # cut between two whole fields


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(st.floats(width=32)))
def test_runs_of_numbers_are_skipped_exactly(whole: list[int], floats: list[float]) -> None:
    numbers = onnx.AttributeProto(ints=whole, floats=floats).SerializeToString()
    at, runs = 0, 0
    while at < len(numbers):
        run = _NUMBERS.match(numbers, at)
        assert run is not None
        at, runs = run.end(), runs + 1
    assert at == len(numbers)
    assert runs <= 2 + len(whole) // 1000


def test_a_forest_is_checked_fast() -> None:
    import time

    node = helper.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n=[7] * 500_000)
    data = model(node).SerializeToString()
    begin = time.process_time()
    check_graph(data)
    assert time.process_time() - begin < 0.5
