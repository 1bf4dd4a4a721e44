"""Collects the nodes and constants of a graph that is written by hand.

Rows of any length come in as two inputs, values end to end and where each row begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.cells.ragged import Ragged
from stoker.networks.graph_names import (
    OFFSETS,
    OUTPUT,
    ROWS,
    graph_dtype,
    graph_input,
    offsets_input,
)

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""Version of the ai.onnx operators."""
TREE_OPSET = 5
"""Version of the ai.onnx.ml operators: the first one with set membership."""
IR_VERSION = 10
"""Version of the file format; the lowest that both operator sets allow in practice."""


class GraphWriter:
    """One graph that is being written."""

    def __init__(self, columns: Mapping[str, np.ndarray | Ragged]) -> None:
        """Note the inputs.

        Args:
            columns: Columns by name; only their types and shapes are looked at.
        """
        self._forms = {
            name: (rows.dtype, rows.shape[1:])
            for name, rows in columns.items()
            if not isinstance(rows, Ragged)
        }
        self._ragged = {
            name: graph_dtype(rows.values.dtype)
            for name, rows in columns.items()
            if isinstance(rows, Ragged)
        }
        self.nodes: list[onnx.NodeProto] = []
        """What was written."""
        self._constants: dict[str, np.ndarray] = {"one": np.array([1], np.int64)}

    def node(self, kind: str, inputs: Sequence[str], out: str, **attributes: Any) -> str:
        """Add a node; the name of its output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant; its name."""
        self._constants[name] = value
        return name

    def cast(self, name: str, out: str, kind: type) -> str:
        """Add a cast to float32 (`float`), float64 (`np.float64`) or int64 (`int`)."""
        from onnx import TensorProto

        types = {float: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, int: TensorProto.INT64}
        return self.node("Cast", [name], out, to=types[kind])

    def model(self, num_outputs: int) -> bytes:
        """The whole graph."""
        from onnx import TensorProto, helper, numpy_helper

        output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, num_outputs])
        used = {name for node in self.nodes for name in node.input}
        constants = [
            numpy_helper.from_array(np.asarray(value), name)
            for name, value in self._constants.items()
            if name in used
        ]
        graph = helper.make_graph(self.nodes, "table", self._inputs(), [output], constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREE_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        model.producer_name = "stoker"
        return model.SerializeToString(deterministic=True)

    def _inputs(self) -> list[onnx.ValueInfoProto]:
        from onnx import helper

        info, kind = helper.make_tensor_value_info, helper.np_dtype_to_tensor_dtype
        inputs = [
            info(graph_input(name), kind(dtype), [ROWS, *shape])
            for name, (dtype, shape) in self._forms.items()
        ]
        for name, dtype in self._ragged.items():
            inputs.append(info(graph_input(name), kind(dtype), [f"{name} values"]))
            inputs.append(
                info(offsets_input(graph_input(name)), kind(np.dtype(np.int64)), [OFFSETS])
            )
        return inputs
