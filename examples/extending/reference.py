"""ONNX's own evaluator in Python: slow, and the judge where onnxruntime is in doubt."""

from stoker.bundle.runtimes import Loaded, Runtime
from stoker.bundle.runtimes.onnx import Onnx


class Evaluator(Loaded):
    """A graph that is walked node by node."""

    def __init__(self, graph):
        """Read the graph."""
        import onnx.reference

        self.graph = onnx.reference.ReferenceEvaluator(onnx.load_from_string(graph))

    def run(self, tensors):
        """Outputs of the rows."""
        from stoker.networks.graph_names import graph_feed, graph_input

        named = {graph_input(column): tensor for column, tensor in tensors.items()}
        return self.graph.run(None, graph_feed(named))[0]


class Reference(Runtime):
    """The evaluator of the `onnx` package."""

    def verify(self, read):
        """As for onnxruntime."""
        return Onnx().verify(read)

    def load(self, graph, interface, *, where, threads):
        """One thread, whatever is asked."""
        return Evaluator(graph)
