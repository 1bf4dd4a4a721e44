"""ONNX Runtime: one graph from the columns' tensors to the outputs of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stoker.bundle._graph_check import check_graph
from stoker.bundle.runtimes import Loaded, Runtime
from stoker.bundle.write import GRAPH_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.bundle.interface import Interface


class Onnx(Runtime):
    """A graph of ONNX operators, run on the CPU by onnxruntime."""

    def verify(self, read: Callable[[str], bytes]) -> bytes:
        """The graph without what only people read, if a bundle may hold all of its operators."""
        return check_graph(read(GRAPH_FILE))

    def load(self, graph: bytes, interface: Interface, *, where: Path, threads: int) -> Loaded:
        """A session of onnxruntime."""
        from stoker.bundle.session import Session

        return Session(graph, interface, where=where, threads=threads)
