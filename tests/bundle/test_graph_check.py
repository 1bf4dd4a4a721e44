"""The walk through an ONNX file: good graphs pass, everything foreign or damaged is refused."""

from __future__ import annotations

import time
from collections.abc import Callable

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from stoker.bundle import _graph_check
from stoker.bundle._graph_check import _RUN, check_graph
from stoker.bundle._operators import OPERATORS
from stoker.core.errors import ArtifactError

_VARINT, _BYTES, _FIXED32 = 0, 2, 5


def model(*nodes: onnx.NodeProto, **parts: object) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [value], [result])
    return helper.make_model(graph, **parts)


def relu() -> onnx.NodeProto:
    return helper.make_node("Relu", ["x"], ["y"])


def tensor() -> onnx.TensorProto:
    return helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])


def outside() -> onnx.TensorProto:
    found = tensor()
    found.data_location = TensorProto.EXTERNAL
    found.external_data.add(key="location", value="../../etc/passwd")
    return found


def branch(inner: onnx.NodeProto) -> onnx.NodeProto:
    graph = helper.make_graph([inner], "inner", [], [])
    return helper.make_node("If", ["c"], ["z"], then_branch=graph)


def refused(found: onnx.ModelProto) -> str:
    return refused_bytes(found.SerializeToString())


def refused_bytes(data: bytes) -> str:
    with pytest.raises(ArtifactError) as caught:
        check_graph(data)
    return caught.value.what


# --- what is refused


def test_the_runtime_gets_the_same_graph_without_notes() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], doc_string="a note", name="n")
    found = model(node, producer_name="somebody", doc_string="text")
    found.graph.initializer.append(tensor())
    helper.set_model_props(found, {"ort_config": "{}"})
    again = onnx.load_from_string(check_graph(found.SerializeToString()))
    assert again.metadata_props == []
    assert again.doc_string == again.producer_name == again.graph.node[0].doc_string == ""
    for part in (found, again):
        part.ClearField("producer_name")
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
        part.graph.node[0].ClearField("doc_string")
    assert again == found


def test_what_was_written_is_written_again_as_it_is() -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 300, -5], auto_pad="NOTSET", b=1.5)
    written = check_graph(model(node).SerializeToString())
    assert check_graph(written) == written


def test_tensors_in_other_files_are_refused() -> None:
    found = model(relu())
    found.graph.initializer.append(outside())
    assert "another file" in refused(found)
    constant = helper.make_node("Constant", [], ["y"], value=outside())
    assert "another file" in refused(model(constant))


def test_a_location_alone_is_refused() -> None:
    found, hidden = model(), tensor()
    hidden.data_location = TensorProto.EXTERNAL
    found.graph.initializer.append(hidden)
    assert "another file" in refused(found)


@pytest.mark.parametrize("domain", ["com.evil", "com.microsoft", "ai.onnx.contrib", "恶"])
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    assert "domain" in refused(model(helper.make_node("Run", ["x"], ["y"], domain=domain)))


@pytest.mark.parametrize(
    "operator",
    ["Loop", "Scan", "If", "SequenceMap", "RegexFullMatch", "RandomNormal", "Optional", "恶", ""],
)
def test_an_operator_that_is_not_on_the_list_is_refused_by_name(operator: str) -> None:
    assert f"operator {operator!r}" in refused(model(helper.make_node(operator, ["x"], ["y"])))


def test_each_domain_has_a_list_of_its_own() -> None:
    check_graph(model(helper.make_node("Relu", ["x"], ["y"], domain="ai.onnx")).SerializeToString())
    foreign = helper.make_node("Relu", ["x"], ["y"], domain="ai.onnx.ml")
    assert "'Relu' is not on the list" in refused(model(foreign))


def test_every_operator_on_the_list_is_one_of_the_standard() -> None:
    known = {(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas_with_history()}
    for domain, names in OPERATORS.items():
        assert {("" if domain == "ai.onnx" else domain, name) for name in names} <= known


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


def test_graphs_in_graphs_are_refused() -> None:
    assert "graphs within" in refused(model(branch(relu())))


def test_a_file_without_a_graph_or_with_two_is_refused() -> None:
    assert "no graph" in refused(onnx.ModelProto(ir_version=9))
    data = model(relu()).SerializeToString()
    assert "twice" in refused_bytes(data + data)


# --- entries, one by one, with harmless values

FORMS = {
    "model": _graph_check._MODEL,
    "graph": _graph_check._GRAPH,
    "node": _graph_check._NODE,
    "attribute": _graph_check._ATTRIBUTE,
    "tensor": _graph_check._TENSOR,
    "place": _graph_check._PLACE,
    "type": _graph_check._TYPE,
    "tensor_type": _graph_check._TENSOR_TYPE,
    "shape": _graph_check._SHAPE,
    "dimension": _graph_check._DIMENSION,
    "opset": _graph_check._OPSET,
}
ENTRIES = [(form, field) for form, found in FORMS.items() for field in found.entries]
REFUSED = {
    *(("tensor", 13), ("attribute", 6), ("attribute", 11), ("attribute", 22), ("attribute", 23)),
    *(("graph", 15), ("model", 20), ("model", 25)),
}
WITHIN = {
    "graph": ("model", 7),
    "node": ("graph", 1),
    "attribute": ("node", 5),
    "tensor": ("graph", 5),
    "place": ("graph", 11),
    "type": ("place", 2),
    "tensor_type": ("type", 1),
    "shape": ("tensor_type", 2),
    "dimension": ("shape", 1),
    "opset": ("model", 8),
}
VALUES = {("node", 4): b"Relu", ("node", 7): b"ai.onnx"}


def number(value: int, extra: int = 0) -> bytes:
    """A varint, with some bytes more than it needs."""
    found = []
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    for _ in range(extra):
        found[-1] |= 0x80
        found.append(0)
    return bytes(found)


def entry(form: str, field: int, *, wide: int = 0, longer: str = "") -> bytes:
    """A harmless entry.

    Args:
        form: Of the message.
        field: Its number there.
        wide: Added to the key above its 32nd bit.
        longer: Which number has a byte too many: `key` or `value`.
    """
    wire = FORMS[form].entries[field].wire
    key = number((field << 3 | wire) + (wide << 32), longer == "key")
    if wire == _VARINT:
        return key + number(0, longer == "value")
    value = b"\0" * 4 if wire == _FIXED32 else VALUES.get((form, field), content(form, field))
    return key + (number(len(value), longer == "value") if wire == _BYTES else b"") + value


def content(form: str, field: int) -> bytes:
    """What a message within another holds: as little as it must."""
    inner = next((f for f, place in WITHIN.items() if place == (form, field)), None)
    return entry("node", 4) if inner == "node" else b""


def whole(form: str, data: bytes, *, is_needed: bool = False) -> bytes:
    """A model in which a message of some form holds these bytes.

    Args:
        form: Of the message.
        data: What it holds.
        is_needed: Whether that is the graph or the operator, which cannot be missing.
    """
    in_graph = form not in ("model", "opset")
    if form == "node" and not is_needed:
        data += entry("node", 4)
    while form != "model":
        form, field = WITHIN[form]
        data = number(field << 3 | _BYTES) + number(len(data)) + data
        if form == "node":
            data += entry("node", 4)
    return data if in_graph or is_needed else data + entry("model", 7)


@pytest.mark.parametrize(("form", "field"), ENTRIES)
def test_an_entry_is_taken_in_its_shortest_form_only(form: str, field: int) -> None:
    def build(wide: int = 0, longer: str = "") -> bytes:
        made = entry(form, field, wide=wide, longer=longer)
        return whole(form, made, is_needed=(form, field) in (("node", 4), ("model", 7)))

    if (form, field) in REFUSED:
        refused_bytes(build())
    else:
        onnx.load_from_string(check_graph(build()))
    for wide in (1, 2**20, 2**31 - 1):
        refused_bytes(build(wide=wide))
    assert "more bytes" in refused_bytes(build(longer="key"))
    if FORMS[form].entries[field].wire != _FIXED32:
        assert "more bytes" in refused_bytes(build(longer="value"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wire", range(8))
def test_an_entry_that_is_not_known_is_refused(form: str, wire: int) -> None:
    values = {_VARINT: b"\0", 1: bytes(8), _BYTES: b"\0", _FIXED32: bytes(4)}
    known = FORMS[form].entries
    for field in (*range(40), 100, 2**29 - 1, 2**40):
        if field in known and known[field].wire == wire:
            continue
        refused_bytes(whole(form, number(field << 3 | wire) + values.get(wire, b"")))


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_of_which_the_last_counts_stands_once(form: str) -> None:
    for field, known in FORMS[form].entries.items():
        if known.may_repeat or (form, field) == ("node", 4):  # `whole` adds one
            continue
        assert "twice" in refused_bytes(whole(form, entry(form, field) * 2))


@pytest.mark.parametrize(("form", "field"), [("tensor", 2), ("attribute", 20), ("tensor_type", 1)])
def test_a_number_that_readers_cut_is_refused(form: str, field: int) -> None:
    key = number(field << 3)
    check_graph(whole(form, key + number(2**31 - 1)))
    for value in (2**31, 2**32 + 1, 2**63, 2**64 - 1):
        assert "too large" in refused_bytes(whole(form, key + number(value)))


def test_a_location_that_readers_cut_to_another_file_is_refused() -> None:
    for value in (1, 2, 2**32, 2**32 + 1, 2**63):
        assert "another file" in refused_bytes(whole("tensor", number(14 << 3) + number(value)))
    refused_bytes(whole("tensor", number(14 << 3) + number(1, extra=1)))


def test_numbers_of_more_than_64_bits_are_refused() -> None:
    for tail in (b"\x02", b"\x7f", b"\x80\x01"):
        refused_bytes(whole("dimension", number(1 << 3) + b"\xff" * 9 + tail))


@pytest.mark.parametrize("field", [5, 7, 11])
def test_packed_numbers_are_taken_in_their_shortest_form_only(field: int) -> None:
    def packed(*numbers: bytes) -> bytes:
        data = b"".join(numbers)
        return whole("tensor", number(field << 3 | _BYTES) + number(len(data)) + data)

    check_graph(packed(number(1), number(300), number(2**64 - 1)))
    for bad in (number(1, extra=1), number(300)[:1], b"\xff" * 9 + b"\x02"):
        assert "malformed" in refused_bytes(packed(number(7), bad))


# --- whole files


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_a_crash(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        check_graph(data)


@given(st.data())
def test_what_passes_means_to_the_reader_what_it_means_here(data: st.DataObject) -> None:
    node = helper.make_node("Conv", ["x"], ["y"], ints=[1, 300, -5], floats=[1.0, 2.0])
    found = model(node)
    found.graph.initializer.append(tensor())
    whole_file = bytearray(found.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole_file) - 1))
        whole_file[place] = data.draw(st.integers(0, 255))
    try:
        written = check_graph(bytes(whole_file))
    except ArtifactError:
        return
    read = onnx.load_from_string(written)
    assert not read.functions
    assert not any(t.external_data or t.data_location for t in read.graph.initializer)
    assert all(n.op_type in OPERATORS[n.domain] for n in read.graph.node)
    assert check_graph(written) == written


def test_every_cut_of_a_graph_is_refused_or_harmless() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], ints=[1, 300, -5], floats=[1.0, 2.0])
    data = model(node).SerializeToString()
    for length in range(len(data)):
        try:
            written = check_graph(data[:length])
        except ArtifactError:
            continue
        onnx.load_from_string(written)  # cut between two whole fields


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(st.floats(width=32)))
def test_runs_of_numbers_are_read_exactly(whole: list[int], floats: list[float]) -> None:
    numbers = onnx.AttributeProto(ints=whole, floats=floats).SerializeToString()
    at, runs = 0, 0
    while at < len(numbers):
        run = _RUN.match(numbers, at)
        assert run is not None
        at, runs = run.end(), runs + 1
    assert at == len(numbers)
    assert runs <= 2


def test_a_run_ends_before_a_number_that_is_longer_than_it_must_be() -> None:
    good = number(8 << 3) + number(5)
    check_graph(whole("attribute", good * 3))
    assert "more bytes" in refused_bytes(
        whole("attribute", good + number(8 << 3) + number(5, extra=1))
    )


def cpu_s(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def test_a_forest_is_checked_fast() -> None:
    node = helper.make_node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n=[7] * 500_000)
    data = model(node).SerializeToString()
    assert cpu_s(lambda: check_graph(data)) < 0.5
