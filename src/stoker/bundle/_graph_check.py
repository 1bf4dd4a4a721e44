"""Look through an ONNX file before the runtime does, and refuse what a bundle never holds.

Refused: tensors kept in other files (their paths could lead anywhere), operators outside the
allowed domains (they would be code), model-local functions, training graphs, sparse tensors, and
anything that is not well-formed.  The file is walked as plain protobuf, without the onnx package,
which a server has no other use for; lists of numbers are skipped by one regular expression, so a
forest of 100,000 nodes costs milliseconds.

Cost: about 10 us a node.  Not done: checking types and shapes, which the runtime does itself.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers);
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stoker.core.errors import ArtifactError

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""Domains of the operators that a bundle's graph may use."""

_MAX_NODES = 1_000_000
_MAX_DEPTH = 16
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Runs of `ints` (field 8, varint) and of `floats` (field 7, 4 bytes) of an attribute.
_NUMBERS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+|(?:\x3d.{4})+", re.DOTALL)

_MODEL_GRAPH, _MODEL_OPSET, _MODEL_TRAINING, _MODEL_FUNCTION = 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_ATTRIBUTE_SPARSE = (22, 23)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_OPSET_DOMAIN = 1


def check_graph(data: bytes) -> None:
    """Refuse an ONNX file that a bundle may not hold.

    Raises:
        ArtifactError: If it is malformed, refers to other files, or uses operators of another
            domain than `DOMAINS`.
    """
    view = memoryview(data)
    num_graphs = 0
    for field, value in _fields(view):
        if field == _MODEL_GRAPH:
            num_graphs += 1
            _check_nodes(_message(value), 0)
        elif field == _MODEL_OPSET:
            _check_opset(_message(value))
        elif field in (_MODEL_TRAINING, _MODEL_FUNCTION):
            raise _refusal("it holds functions or a training graph of its own")
    if num_graphs != 1:
        raise _refusal(f"it holds {num_graphs} graphs")


def _check_nodes(graph: memoryview, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _refusal(f"graphs are nested deeper than {_MAX_DEPTH}")
    num_nodes = 0
    for field, value in _fields(graph):
        if field == _GRAPH_NODE:
            num_nodes += 1
            _check_node(_message(value), depth)
        elif field == _GRAPH_TENSOR:
            _check_tensor(_message(value))
        elif field == _GRAPH_SPARSE:
            raise _refusal("it holds sparse tensors")
    if num_nodes > _MAX_NODES:
        raise _refusal(f"it has more than {_MAX_NODES} nodes")


def _check_node(node: memoryview, depth: int) -> None:
    for field, value in _fields(node):
        if field == _NODE_DOMAIN:
            _check_domain(_message(value))
        elif field == _NODE_ATTRIBUTE:
            _check_attribute(_message(value), depth)


def _check_attribute(attribute: memoryview, depth: int) -> None:
    for field, value in _fields(attribute, skip_numbers=True):
        if field in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
            _check_tensor(_message(value))
        elif field in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
            _check_nodes(_message(value), depth + 1)
        elif field in _ATTRIBUTE_SPARSE:
            raise _refusal("it holds sparse tensors")


def _check_tensor(tensor: memoryview) -> None:
    for field, value in _fields(tensor):
        if field == _TENSOR_EXTERNAL or (field == _TENSOR_LOCATION and value != 0):
            raise _refusal("a tensor is kept in another file")


def _check_opset(opset: memoryview) -> None:
    for field, value in _fields(opset):
        if field == _OPSET_DOMAIN:
            _check_domain(_message(value))


def _check_domain(name: memoryview) -> None:
    domain = bytes(name).decode("utf-8", "backslashreplace")
    if domain not in DOMAINS:
        raise _refusal(f"it uses operators of the domain {domain[:80]!r}")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _refusal("it is malformed")
    return value


def _fields(
    data: memoryview, *, skip_numbers: bool = False
) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of a protobuf message; varints as int, everything else as bytes."""
    at, end = 0, len(data)
    while at < end:
        if skip_numbers and (run := _NUMBERS.match(data, at)):
            at = run.end()
            continue
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise _refusal("it is malformed")
        if size > end - at:
            raise _refusal("it is cut off")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _refusal("it is cut off")


def _refusal(why: str) -> ArtifactError:
    return ArtifactError(
        f"model.onnx cannot be used: {why}",
        expected="one self-contained ONNX graph of standard operators",
        fix="build the bundle again",
    )
