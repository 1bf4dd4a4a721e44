"""Read an ONNX file before the runtime does, refuse what a bundle never holds, write it anew.

Refused: tensors kept in other files (their paths could lead anywhere), operators that are not on
the list of `_operators` (they would be code, or never end), graphs in graphs, functions, sparse
tensors, and whatever is not known here.  The runtime gets the bytes that this walker wrote, made of
the entries that it understood, so nothing can mean one thing here and another there: a key wider
than 32 bits, which readers cut to one that they know, a key or number written with more bytes than
it needs, an entry that stands twice where the last one counts.  Notes for people are dropped.

The file is walked as plain protobuf, without the onnx package, which a server has no other use for;
runs of numbers are read by one regular expression, so a forest of 100,000 nodes costs milliseconds.

Cost: about 15 us a node.  Not done: checking types and shapes, which the runtime does itself.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers);
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stoker.bundle._operators import OPERATORS
from stoker.core.errors import ArtifactError

_MAX_NODES = 1_000_000
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_MAX_INT32 = 2**31

_NUMBER = rb"(?:[\x00-\x7f]|[\x80-\xff]{1,8}[\x01-\x7f]|[\x80-\xff]{9}\x01)"
# Runs of `ints` (field 8, varint) and of `floats` (field 7, 4 bytes) of an attribute.
_RUN = re.compile(rb"(?:\x40" + _NUMBER + rb")++|(?:\x3d.{4})++", re.DOTALL)
_PACKED = re.compile(_NUMBER + rb"*+")

Value = int | memoryview
Write = Callable[[Value], "bytes | memoryview | None"]
"""Checks the value of an entry; the bytes that stand for it, or None to drop it."""


class _Entry(NamedTuple):
    """One numbered entry of a message."""

    wire: int
    write: Write
    may_repeat: bool = False


class _Form(NamedTuple):
    """The entries of one kind of message."""

    name: str
    """With its article."""
    entries: Mapping[int, _Entry]
    check: Callable[[Mapping[int, list[Value]]], None] | None = None
    has_runs: bool = False


def check_graph(data: bytes) -> bytes:
    """Refuse an ONNX file that a bundle may not hold.

    Returns:
        The same graph as the walker wrote it: what the runtime is to read.

    Raises:
        ArtifactError: If it is malformed, refers to other files, uses an operator that is not on
            the list, or holds anything that is not known here.
    """
    return _rewrite(memoryview(data), _MODEL)


def _rewrite(data: memoryview, form: _Form) -> bytes:
    """A message of the entries that were understood."""
    parts: list[bytes | memoryview] = []
    found: dict[int, list[Value]] = {}
    at, end = 0, len(data)
    while at < end:
        if form.has_runs and (run := _RUN.match(data, at)):
            parts.append(data[at : run.end()])
            at = run.end()
            continue
        start = at
        key, at = _varint(data, at)
        entry = form.entries.get(key >> 3)
        if entry is None or entry.wire != key & 7:
            raise _refusal(f"entry {key >> 3} of {form.name} is not known here")
        field, key_bytes = key >> 3, data[start:at]
        value, at = _value(data, at, entry.wire)
        if field in found and not entry.may_repeat:
            raise _refusal(f"entry {field} of {form.name} stands twice")
        found.setdefault(field, []).append(value)
        written = entry.write(value)
        if written is not None:
            parts.append(key_bytes)
            parts += [_length(written)] if entry.wire == _BYTES else []
            parts.append(written)
    if form.check is not None:
        form.check(found)
    return b"".join(parts)


def _value(data: memoryview, at: int, wire: int) -> tuple[Value, int]:
    """The value at a position, and the position after it."""
    if wire == _VARINT:
        return _varint(data, at)
    if wire == _BYTES:
        size, at = _varint(data, at)
    else:
        size = 4
    if size > len(data) - at:
        raise _refusal("it is cut off")
    return data[at : at + size], at + size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number at a position, and the position after it; only its shortest form is taken."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (byte == 0 and shift) or value >= 2**64:
                raise _refusal("a number has more bytes than it needs")
            return value, at
    raise _refusal("it is cut off")


def _number(value: int) -> bytes:
    r"""A number as protobuf writes it.

    >>> _number(0), _number(300)
    (b'\x00', b'\xac\x02')
    """
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _length(written: bytes | memoryview) -> bytes:
    return _number(len(written))


# --- what may be written


def _as_number(value: Value) -> bytes:
    assert isinstance(value, int)
    return _number(value)


def _as_small_number(value: Value) -> bytes:
    """A number of 32 bits; readers cut a wider one to another."""
    assert isinstance(value, int)
    if value >= _MAX_INT32:
        raise _refusal("a number is too large for its place")
    return _number(value)


def _as_zero(value: Value) -> bytes:
    if value != 0:
        raise _refusal("a tensor is kept in another file")
    return b"\0"


def _as_bytes(value: Value) -> memoryview:
    assert isinstance(value, memoryview)
    return value


def _as_packed(value: Value) -> memoryview:
    assert isinstance(value, memoryview)
    if not _PACKED.fullmatch(value):
        raise _refusal("a list of numbers is malformed")
    return value


def _dropped(value: Value) -> None:
    """A note for people."""


def _refused(why: str) -> Write:
    def refuse(value: Value) -> None:
        raise _refusal(why)

    return refuse


def _message(form: _Form, *, may_repeat: bool = False) -> _Entry:
    def write(value: Value) -> bytes:
        assert isinstance(value, memoryview)
        return _rewrite(value, form)

    return _Entry(_BYTES, write, may_repeat)


def _domain_of(found: Mapping[int, list[Value]], field: int) -> str:
    name = found.get(field, [memoryview(b"")])[0]
    assert isinstance(name, memoryview)
    domain = bytes(name).decode("utf-8", "backslashreplace")
    if domain not in OPERATORS:
        raise _refusal(f"it uses operators of the domain {domain[:80]!r}")
    return domain


def _check_node(found: Mapping[int, list[Value]]) -> None:
    known = OPERATORS[_domain_of(found, _NODE_DOMAIN)]
    name = found.get(_NODE_OPERATOR, [memoryview(b"")])[0]
    assert isinstance(name, memoryview)
    operator = bytes(name).decode("utf-8", "backslashreplace")
    if operator not in known:
        raise _refusal(f"the operator {operator[:80]!r} is not on the list of those it may use")


def _check_opset(found: Mapping[int, list[Value]]) -> None:
    _domain_of(found, 1)


def _check_model(found: Mapping[int, list[Value]]) -> None:
    if _MODEL_GRAPH not in found:
        raise _refusal("it holds no graph")


def _check_size(found: Mapping[int, list[Value]]) -> None:
    if len(found.get(1, ())) > _MAX_NODES:
        raise _refusal(f"it has more than {_MAX_NODES} nodes")


def _refusal(why: str) -> ArtifactError:
    return ArtifactError(
        f"model.onnx cannot be used: {why}",
        expected="one self-contained ONNX graph of standard operators",
        fix="build the bundle again",
    )


# --- the messages of onnx.proto, by the numbers of their entries

_MODEL_GRAPH, _NODE_OPERATOR, _NODE_DOMAIN = 7, 4, 7
_TEXT, _TEXTS = _Entry(_BYTES, _as_bytes), _Entry(_BYTES, _as_bytes, may_repeat=True)
_NUMBER_64, _NUMBERS_64 = _Entry(_VARINT, _as_number), _Entry(_VARINT, _as_number, may_repeat=True)
_NUMBER_32 = _Entry(_VARINT, _as_small_number)
_FLOAT, _FLOATS = _Entry(_FIXED32, _as_bytes), _Entry(_FIXED32, _as_bytes, may_repeat=True)
_PACKED_BYTES = _Entry(_BYTES, _as_bytes)
_PACKED_NUMBERS = _Entry(_BYTES, _as_packed)
_NOTE, _NOTES = _Entry(_BYTES, _dropped), _Entry(_BYTES, _dropped, may_repeat=True)
_OUTSIDE = _Entry(_BYTES, _refused("a tensor is kept in another file"), may_repeat=True)
_GRAPHS = _Entry(_BYTES, _refused("it holds graphs within its graph"), may_repeat=True)
_SPARSE = _Entry(_BYTES, _refused("it holds sparse tensors"), may_repeat=True)
_FUNCTIONS = _Entry(
    _BYTES, _refused("it holds functions or a training graph of its own"), may_repeat=True
)

_TENSOR = _Form(
    "a tensor",
    {
        1: _NUMBERS_64,
        2: _NUMBER_32,
        8: _TEXT,
        9: _TEXT,
        12: _NOTE,
        16: _NOTES,
        4: _PACKED_BYTES,
        5: _PACKED_NUMBERS,
        7: _PACKED_NUMBERS,
        10: _PACKED_BYTES,
        11: _PACKED_NUMBERS,
        13: _OUTSIDE,
        14: _Entry(_VARINT, _as_zero),
    },
)
_DIMENSION = _Form("a dimension", {1: _NUMBER_64, 2: _TEXT, 3: _NOTE})
_SHAPE = _Form("a shape", {1: _message(_DIMENSION, may_repeat=True)})
_TENSOR_TYPE = _Form("the type of a tensor", {1: _NUMBER_32, 2: _message(_SHAPE)})
_TYPE = _Form("a type", {1: _message(_TENSOR_TYPE), 6: _NOTE})
_PLACE = _Form("a named value", {1: _TEXT, 2: _message(_TYPE), 3: _NOTE, 4: _NOTES})
_ATTRIBUTE = _Form(
    "an attribute",
    {
        1: _TEXT,
        2: _FLOAT,
        3: _NUMBER_64,
        4: _TEXT,
        5: _message(_TENSOR),
        6: _GRAPHS,
        7: _FLOATS,
        8: _NUMBERS_64,
        9: _TEXTS,
        11: _GRAPHS,
        13: _NOTE,
        20: _NUMBER_32,
        22: _SPARSE,
        23: _SPARSE,
    },
    has_runs=True,
)
_NODE = _Form(
    "a node",
    {
        1: _TEXTS,
        2: _TEXTS,
        3: _TEXT,
        _NODE_OPERATOR: _TEXT,
        6: _NOTE,
        _NODE_DOMAIN: _TEXT,
        5: _message(_ATTRIBUTE, may_repeat=True),
        9: _NOTES,
    },
    check=_check_node,
)
_PLACES = _message(_PLACE, may_repeat=True)
_GRAPH = _Form(
    "a graph",
    {
        1: _message(_NODE, may_repeat=True),
        2: _TEXT,
        5: _message(_TENSOR, may_repeat=True),
        10: _NOTE,
        11: _PLACES,
        12: _PLACES,
        13: _PLACES,
        15: _SPARSE,
        16: _NOTES,
    },
    check=_check_size,
)
_OPSET = _Form("a set of operators", {1: _TEXT, 2: _NUMBER_64}, check=_check_opset)
_MODEL = _Form(
    "the model",
    {
        1: _NUMBER_64,
        2: _NOTE,
        3: _NOTE,
        4: _NOTE,
        5: _NUMBER_64,
        6: _NOTE,
        14: _NOTES,
        _MODEL_GRAPH: _message(_GRAPH),
        8: _message(_OPSET, may_repeat=True),
        20: _FUNCTIONS,
        25: _FUNCTIONS,
    },
    check=_check_model,
)
