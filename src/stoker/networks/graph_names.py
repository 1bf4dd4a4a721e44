"""Names and forms of a graph's inputs and output, the same for every model.

A column may be called anything, `output` or an empty string included; the prefix keeps the names of
inputs apart from those that a graph gives to its own values.

A column of rows of any length enters as two inputs: its values end to end, and the offsets at which
rows begin (int64, one more than rows).  Ids that are stored as uint16 or uint32 enter as signed
numbers that hold them, because torch's exporter knows no wider unsigned types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stoker.cells.ragged import Ragged, Rows

OUTPUT = "output"
"""The one output, (N, num_outputs) float32."""

ROWS = "rows"
"""Name of the dynamic first dimension of every input and of the output."""

OFFSETS = "offsets"
"""Name of the dynamic dimension of offsets, one more than rows."""

NUMBERS, CODES = "numbers", "codes"
"""The two inputs of a network that begins at the design of a table."""


def graph_input(column: str) -> str:
    """Name of the graph input that takes a column's tensor.

    >>> graph_input("年龄")
    'column:年龄'
    """
    return f"column:{column}"


def offsets_input(values: str) -> str:
    """Name of the graph input that says where rows begin in the values of another input.

    >>> offsets_input(graph_input("title"))
    'offsets:column:title'
    """
    return f"offsets:{values}"


_WIDER: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.uint16): np.dtype(np.int32),
    np.dtype(np.uint32): np.dtype(np.int64),
}


def graph_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Type with which a tensor enters a graph.

    >>> graph_dtype(np.dtype(np.uint16)), graph_dtype(np.dtype(np.uint8))
    (dtype('int32'), dtype('uint8'))
    """
    return _WIDER.get(dtype, dtype)


def graph_feed(tensors: Mapping[str, Rows]) -> dict[str, np.ndarray]:
    """What the inputs of a graph get, for tensors by the name of their input.

    >>> graph_feed({"column:title": Ragged(np.array([7, 8], np.uint16), np.array([0, 0, 2]))})
    {'offsets:column:title': array([0, 0, 2]), 'column:title': array([7, 8], dtype=int32)}
    """
    feed = {}
    for name, rows in tensors.items():
        if isinstance(rows, Ragged):
            feed[offsets_input(name)] = rows.offsets
            rows = rows.values
        feed[name] = rows.astype(graph_dtype(rows.dtype), copy=False)
    return feed
