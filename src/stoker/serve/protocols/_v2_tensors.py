"""Tensors of the Open Inference Protocol as bytes, as JSON data, and as columns.

Numbers are little-endian and dense; an element of BYTES is its length as four bytes and then
itself.  Every length is checked before anything is read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from stoker.serve.messages import BadInput, Refusal, json_bytes
from stoker.serve.served_model import ServedModel, bad_cells, is_image

NUMPY = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_OF_JSON_TYPE = {"string": "BYTES", "integer": "INT64", "number": "FP64", "boolean": "BOOL"}
_INTEGER, _FLOAT = "an integer datatype", "a numeric datatype, such as FP64"
_TAKEN = {
    "string": ("BYTES",),
    "boolean": ("BOOL",),
    "integer": (_INTEGER,),
    "number": (_FLOAT, _INTEGER),
}
"""Datatypes that can hold a JSON type."""
_FLOATS = ("FP16", "FP32", "FP64")


def output_tensors(model: ServedModel) -> list[dict[str, Any]]:
    """Name, datatype and shape of each column of an answer."""
    properties = model.answer_schema["properties"]
    outputs = []
    for name, schema in properties.items():
        if name == "probabilities":
            datatype, shape = "FP32", [-1, len(model.labels)]
        elif "minItems" in schema:  # vectors, all as wide
            datatype, shape = "FP32", [-1, schema["minItems"]]
        elif schema.get("type") == "array":  # lists of any length, each as JSON
            datatype, shape = "BYTES", [-1]
        else:
            datatype, shape = _OF_JSON_TYPE[schema["type"]], [-1]
            datatype = "FP32" if name == "confidence" else datatype
        outputs.append({"name": name, "datatype": datatype, "shape": shape})
    return outputs


def datatype_of(cell: Mapping[str, Any]) -> Literal["BYTES", "FP64"]:
    """The datatype that a column is told to have: that of its example, where it takes several."""
    example = next(iter(cell.get("examples", ())), None)
    return "FP64" if holds_numbers(cell) and not isinstance(example, str) else "BYTES"


def holds_numbers(cell: Mapping[str, Any]) -> bool:
    """Whether the cells of a column are numbers, or may be."""
    return not is_image(cell) and "number" in cell.get("type", "string")


def check_datatype(name: str, datatype: str, cell: Mapping[str, Any]) -> None:
    """Refuse a type that the column cannot hold, by the JSON types of its cells."""
    if datatype != "BYTES" and datatype not in NUMPY:
        raise Refusal(f"input {name!r} has the unknown datatype {datatype[:40]!r}")
    given = cell.get("type", "string")
    types = (given,) if isinstance(given, str) else given
    taken = dict.fromkeys(words for kind in types for words in _TAKEN.get(kind, ()))
    if _kind_of(datatype) not in taken:
        raise Refusal(f"input {name!r} has datatype {datatype}", expected=" or ".join(taken))


def _kind_of(datatype: str) -> str:
    """How a datatype is called where several are taken."""
    if datatype in ("BYTES", "BOOL"):
        return datatype
    return _FLOAT if datatype in _FLOATS else _INTEGER


def from_bytes(
    blob: memoryview, datatype: str, num_rows: int, name: str
) -> np.ndarray | list[bytes]:
    """The elements of a binary tensor.

    Raises:
        Refusal: If the bytes are too few or too many.
    """
    if datatype == "BYTES":
        return _elements(blob, num_rows, name)
    dtype = np.dtype(NUMPY[datatype])
    if len(blob) != num_rows * dtype.itemsize:
        raise Refusal(
            f"input {name!r} has {len(blob)} bytes", expected=f"{num_rows * dtype.itemsize}"
        )
    return np.frombuffer(blob, dtype)


def from_json(data: list[Any] | None, datatype: str, num_rows: int, name: str) -> list[Any]:
    """The elements of a JSON tensor, flattened; each has the type that the datatype says.

    Raises:
        Refusal: If the number of elements or the type of one is wrong.
    """
    if data is None:
        raise Refusal(f"input {name!r} has no data")
    flat: list[Any] = []
    for element in data:
        flat += element if isinstance(element, list) else [element]
    if len(flat) != num_rows:
        raise Refusal(f"input {name!r} has {len(flat)} elements", expected=str(num_rows))
    allowed = _python_types(datatype)
    for row, element in enumerate(flat):
        if type(element) not in allowed:
            raise bad_cells([BadInput(row, name, f"does not fit the datatype {datatype}")])
    return flat


def to_column(
    values: np.ndarray | list[bytes], wants_numbers: bool, is_image: bool, name: str
) -> pa.Array:
    """The elements of a binary tensor as a column of raw cells; NaN becomes a missing cell."""
    if is_image:
        return pa.array(values, pa.large_binary())
    if wants_numbers and isinstance(values, np.ndarray):
        return pa.array(np.asarray(values, np.float64), from_pandas=True)
    if isinstance(values, np.ndarray):
        is_bool = values.dtype == np.bool_
        return pa.array([str(v).lower() if is_bool else str(v) for v in values.tolist()])
    texts = []
    for row, value in enumerate(values):
        try:
            texts.append(value.decode())
        except UnicodeDecodeError:
            raise bad_cells([BadInput(row, name, "is not UTF-8")]) from None
    return pa.array(texts, pa.string())


def from_answers(values: list[Any] | np.ndarray) -> tuple[str, np.ndarray]:
    """A column of answers as a tensor: its datatype and its elements, a list of them as JSON.

    >>> from_answers([["sport"], []])[1].tolist()
    ['["sport"]', '[]']
    """
    if isinstance(values, np.ndarray):
        return {"f": f"FP{values.itemsize * 8}", "i": "INT64", "b": "BOOL"}[
            values.dtype.kind
        ], values
    first = values[0] if values else ""
    if isinstance(first, bool):
        return "BOOL", np.array(values, np.bool_)
    if isinstance(first, int):
        return "INT64", np.array(values, np.int64)
    if isinstance(first, list):
        values = [json_bytes(value).decode() for value in values]
    return "BYTES", np.array(values, np.object_)


def to_bytes(array: np.ndarray, datatype: str) -> bytes:
    """The binary form of a tensor."""
    if datatype != "BYTES":
        return np.ascontiguousarray(array, NUMPY[datatype]).tobytes()
    texts = [str(value).encode() for value in array.ravel()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _elements(blob: memoryview, num_rows: int, name: str) -> list[bytes]:
    elements: list[bytes] = []
    start = 0
    while start + 4 <= len(blob) and len(elements) < num_rows:
        (size,) = struct.unpack_from("<I", blob, start)
        stop = start + 4 + size
        if stop > len(blob):
            break
        elements.append(bytes(blob[start + 4 : stop]))
        start = stop
    if start != len(blob) or len(elements) != num_rows:
        raise Refusal(
            f"input {name!r}: element {len(elements)} does not fit the {len(blob)} bytes",
            expected=f"{num_rows} times a length of four bytes and so many bytes",
        )
    return elements


def _python_types(datatype: str) -> tuple[type, ...]:
    if datatype == "BYTES":
        return (str, type(None))
    if datatype == "BOOL":
        return (bool,)
    return (int, float, type(None)) if datatype in _FLOATS else (int, type(None))
