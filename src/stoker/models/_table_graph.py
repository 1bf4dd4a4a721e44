"""A table model as one ONNX graph: a forest, linear models, networks, or the sum of them.

    inputs ─┬─► matrix (N, F) float64 ─► TreeEnsemble ──────────────────────────────┐
            ├─► numbers (N, P) ─► z ─► shapes (N, B) float32 ─► LinearRegressor ────┼─► output
            └─► codes (N, C) ─► rows of a table, summed ─────────────────────────────┘

Waves stand between the two lower lines: sums of both, their cosines, a LinearRegressor.

Written by hand: every node is one of a dozen plain operators, equal models give equal bytes, and
without a network there is no matrix product that a compressor would want to quantise.  A network
begins at the shapes and codes of a linear model; its own nodes are those that torch's exporter
wrote, under other names.

Cost: milliseconds.  A node costs some microseconds for a single row, so parts that are absent have
none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from stoker.models._bag_graph import BagPart, bag_nodes
from stoker.models._design import CUT, FAR, Layout
from stoker.models._graph_writer import GraphWriter
from stoker.models._linear_fit import LinearWeights
from stoker.models._tree_graph import Forest, ensemble_node
from stoker.networks.graph_names import CODES, NUMBERS, OUTPUT, graph_input

if TYPE_CHECKING:
    from stoker.cells.ragged import Ragged


@dataclass(frozen=True)
class LinearPart:
    """A linear model on the design of a layout."""

    layout: Layout
    fitted: LinearWeights

    def scaled(self, factor: float) -> LinearPart:
        """The same model, its outputs times a factor."""
        weight_WK, bias_K = self.fitted.weight_WK * factor, self.fitted.bias_K * factor
        return LinearPart(self.layout, LinearWeights(weight_WK, bias_K))


@dataclass(frozen=True)
class NetworkPart:
    """A network on the design of a layout."""

    layout: Layout
    graph: bytes
    """ONNX model whose inputs are the standardised shapes and the codes, see `stoker.networks`."""
    share: float = 1.0
    """What its outputs are multiplied by."""

    def scaled(self, factor: float) -> NetworkPart:
        """The same network, its outputs times a factor."""
        return replace(self, share=self.share * factor)

    def arrays(self) -> dict[str, np.ndarray]:
        """Its weights by name."""
        import onnx
        from onnx import numpy_helper

        graph = onnx.load_from_string(self.graph).graph
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def table_graph(
    columns: Mapping[str, np.ndarray | Ragged],
    num_outputs: int,
    *,
    forest: Forest | None = None,
    linears: Sequence[LinearPart] = (),
    networks: Sequence[NetworkPart] = (),
    bags: Sequence[BagPart] = (),
) -> bytes:
    """The ONNX model whose output is the sum of its parts, serialised.

    Args:
        columns: Columns by name, in the order in which the parts saw them; only their types and
            shapes are looked at.
        num_outputs: Width of the output.
        forest: Trees on the values of the columns.
        linears: LinearPart models of the same columns.
        networks: Networks of the same columns.
        bags: Linear models of texts.
    """
    writer = _Writer(columns)
    sums = [writer.linear(linear, f"linear_{i}_") for i, linear in enumerate(linears)]
    sums += [writer.network(network, f"network_{i}_") for i, network in enumerate(networks)]
    if forest is not None:
        matrix = writer.matrix([*columns], "matrix")
        writer.nodes.append(ensemble_node(forest, num_outputs, matrix=matrix, out="forest_wide"))
        sums.append(writer.cast("forest_wide", "forest", float))
    sums += [bag_nodes(writer, bag, f"bag_{i}_") for i, bag in enumerate(bags)]
    writer.node("Sum", sums, OUTPUT)
    return writer.model(num_outputs)


def num_learned(forest: Forest | None, linears: Sequence[LinearPart]) -> int:
    """Learned numbers of the parts: cuts and leaves of trees, weights and biases."""
    own = sum(one.fitted.weight_WK.size + one.fitted.bias_K.size for one in linears)
    return own + (0 if forest is None else forest.num_learned)


class _Writer(GraphWriter):
    """The nodes of table models."""

    def matrix(self, names: Sequence[str], out: str) -> str:
        """Columns side by side, float64.

        Neighbours of single values are joined end to end and turned, three nodes for all of them: a
        node for each of 6,000 columns takes onnxruntime 1.31 eight seconds to load.
        """
        parts = []
        for place, ((dtype, shape), run) in enumerate(groupby(names, self._forms.__getitem__)):
            inputs = [graph_input(name) for name in run]
            if shape:
                parts += [
                    self._wide(name, dtype, f"{out}_wide_{place}_{i}")
                    for i, name in enumerate(inputs)
                ]
            else:
                parts.append(self._side_by_side(inputs, dtype, f"{out}_{place}"))
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, out, axis=1)

    def _side_by_side(self, inputs: Sequence[str], dtype: np.dtype, out: str) -> str:
        """Inputs of one value a row as float64 (N, P)."""
        if len(inputs) == 1:
            return self.node("Unsqueeze", [self._wide(inputs[0], dtype, out), "one"], f"{out}_row")
        joined = self._wide(self.node("Concat", inputs, f"{out}_flat", axis=0), dtype, out)
        form = self.constant(f"{out}_form", np.array([len(inputs), -1], np.int64))
        lines = self.node("Reshape", [joined, form], f"{out}_lines")
        return self.node("Transpose", [lines], f"{out}_columns", perm=[1, 0])

    def _wide(self, name: str, dtype: np.dtype, out: str) -> str:
        """The same as float64."""
        return name if dtype == np.float64 else self.cast(name, out, np.float64)

    def linear(self, model: LinearPart, at: str) -> str:
        """A linear model; the name of its output."""
        layout, weight_WK = model.layout, model.fitted.weight_WK
        width = len(layout.shapes.mean_B)
        num_waves = 0 if layout.waves is None else len(layout.waves.phase_R)
        shapes = self._shapes(layout, at) if width else ""
        sums = self._sums(layout, shapes, weight_WK[:width], model.fitted.bias_K, f"{at}dense")
        codes = self._codes(layout, at) if layout.codes else ""
        if codes:
            sums.append(self._told(codes, weight_WK[width + num_waves :], f"{at}told"))
        if layout.waves is not None:
            waves = layout.waves
            parts = self._sums(layout, shapes, waves.weight_BR, waves.phase_R, f"{at}slope")
            if codes:
                parts.append(self._told(codes, waves.table_LR, f"{at}lift"))
            turned = self.node("Cos", [self.node("Sum", parts, f"{at}turn")], f"{at}waves")
            weight_RK = weight_WK[width : width + num_waves] * 2**0.5
            bias_K = np.zeros(weight_RK.shape[1])
            sums.append(self._regressor(turned, weight_RK, bias_K, f"{at}waved"))
        return self.node("Sum", sums, f"{at}out")

    def _sums(
        self, layout: Layout, shapes: str, weight_BK: np.ndarray, bias_K: np.ndarray, out: str
    ) -> list[str]:
        """Standardised shapes times weights plus a bias; the bias alone where there is no shape."""
        if not shapes:
            return [self.constant(out, bias_K[None].astype(np.float32))]
        dense_BK = weight_BK / layout.shapes.std_B[:, None]
        bias_K = bias_K - layout.shapes.mean_B @ dense_BK
        return [self._regressor(shapes, dense_BK, bias_K, out)]

    def _regressor(self, inputs: str, weight_BK: np.ndarray, bias_K: np.ndarray, out: str) -> str:
        from onnx import helper

        node = helper.make_node(
            "LinearRegressor",
            [inputs],
            [out],
            domain="ai.onnx.ml",
            coefficients=weight_BK.T.ravel().astype(np.float32).tolist(),
            intercepts=bias_K.astype(np.float32).tolist(),
            targets=len(bias_K),
        )
        self.nodes.append(node)
        return out

    def _shapes(self, layout: Layout, at: str) -> str:
        """What `Shapes.raw` computes."""
        shapes = layout.shapes
        numbers = self.matrix(list(dict.fromkeys(name for name, _ in layout.numbers)), f"{at}x")
        gap = self.node("IsNaN", [numbers], f"{at}gap")
        shifted = self.node(
            "Sub", [numbers, self.constant(f"{at}middle", shapes.middle_P)], f"{at}shifted"
        )
        z = self.node("Div", [shifted, self.constant(f"{at}spread", shapes.spread_P)], f"{at}z")
        zero = self.constant(f"{at}zero", np.zeros(1))
        filled = self.node("Where", [gap, zero, z], f"{at}filled")
        ends = [self.constant(f"{at}{n}", np.array(v)) for n, v in (("low", -FAR), ("high", FAR))]
        z = self.cast(self.node("Clip", [filled, *ends], f"{at}near"), f"{at}small", float)
        ends = [
            self.constant(f"{at}{n}", np.array(v, np.float32))
            for n, v in (("left", -CUT), ("right", CUT))
        ]
        cut = self.node("Clip", [z, *ends], f"{at}cut")
        parts = [cut]
        if len(shapes.long_S):
            long = self._columns(z, shapes.long_S, f"{at}long")
            one = self.constant(f"{at}one", np.ones(1, np.float32))
            size = self.node("Add", [self.node("Abs", [long], f"{at}abs"), one], f"{at}above")
            log = self.node("Log", [size], f"{at}log")
            sign = self.node("Sign", [long], f"{at}sign")
            parts.append(self.node("Mul", [sign, log], f"{at}signed"))
        if len(shapes.hinge_H):
            bent = self._columns(cut, shapes.hinge_H, f"{at}bent")
            knots = self.constant(f"{at}knots", shapes.knot_H.astype(np.float32))
            parts.append(
                self.node("Relu", [self.node("Sub", [bent, knots], f"{at}past")], f"{at}h")
            )
        if len(shapes.gap_I):
            flags = self.cast(gap, f"{at}flags", float)
            parts.append(self._columns(flags, shapes.gap_I, f"{at}flag"))
        return self.node("Concat", parts, f"{at}shapes", axis=1)

    def _columns(self, name: str, place_S: np.ndarray, out: str) -> str:
        places = self.constant(f"{out}_places", place_S.astype(np.int64))
        return self.node("Gather", [name, places], f"{out}_columns", axis=1)

    def network(self, model: NetworkPart, at: str) -> str:
        """A network; the name of its output."""
        import onnx
        from onnx import numpy_helper

        layout, inner = model.layout, onnx.load_from_string(model.graph).graph
        names: dict[str, str] = {}
        if layout.numbers:
            mean_B, std_B = (
                v.astype(np.float32) for v in (layout.shapes.mean_B, layout.shapes.std_B)
            )
            above = self.node(
                "Sub",
                [self._shapes(layout, at), self.constant(f"{at}mean", mean_B)],
                f"{at}above_mean",
            )
            names[graph_input(NUMBERS)] = self.node(
                "Div", [above, self.constant(f"{at}std", std_B)], f"{at}standard"
            )
        if layout.codes:
            names[graph_input(CODES)] = self._seen(layout, at)
        for tensor in inner.initializer:
            self.constant(f"{at}inner_{tensor.name}", numpy_helper.to_array(tensor))
        for node in inner.node:
            for ends in (node.input, node.output):
                ends[:] = [names.get(end, f"{at}inner_{end}") if end else end for end in ends]
            node.name = ""
            self.nodes.append(node)
        share = self.constant(f"{at}share", np.array(model.share, np.float32))
        return self.node("Mul", [f"{at}inner_{OUTPUT}", share], f"{at}out")

    def _seen(self, layout: Layout, at: str) -> str:
        """Codes (N, C), int64; those that training never saw are 0."""
        sizes = np.array([size for _, size in layout.codes], np.int64)
        inputs = [graph_input(name) for name, _ in layout.codes]
        flat = self.node("Concat", inputs, f"{at}codes_flat", axis=0)
        form = self.constant(f"{at}codes_form", np.array([len(inputs), -1], np.int64))
        lines = self.node("Reshape", [flat, form], f"{at}codes_lines")
        turned = self.node("Transpose", [lines], f"{at}codes_turned", perm=[1, 0])
        codes = self.cast(turned, f"{at}codes", int)
        known = self.node("Less", [codes, self.constant(f"{at}sizes", sizes)], f"{at}known")
        nothing = self.constant(f"{at}nothing", np.zeros(1, np.int64))
        return self.node("Where", [known, codes, nothing], f"{at}seen")

    def _codes(self, layout: Layout, at: str) -> str:
        """Rows of a table of all codes, one for each category column."""
        codes, sizes = (
            self._seen(layout, at),
            np.array([size for _, size in layout.codes], np.int64),
        )
        starts = self.constant(f"{at}starts", np.cumsum(sizes) - sizes)
        return self.node("Add", [codes, starts], f"{at}rows")

    def _told(self, codes: str, table_LK: np.ndarray, out: str) -> str:
        """The sum of a table's rows."""
        table = self.constant(f"{out}_table", table_LK.astype(np.float32))
        found = self.node("Gather", [table, codes], f"{out}_found", axis=0)
        return self.node("ReduceSum", [found, "one"], out, keepdims=0)
