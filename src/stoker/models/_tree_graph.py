"""A LightGBM booster as one ONNX graph that takes exactly the same branches.

LightGBM compares in float64, and so does the graph: TreeEnsemble of ai.onnx.ml 5 takes doubles, at
the same speed as floats (200 trees of 31 leaves, 10 columns: 17 microseconds a row either way).
Missing values follow LightGBM's default directions, splits on categories become set membership.
Leaf values are summed in float64; the sum is rounded to float32 once.

Why an own writer: onnxmltools pulls four more packages in, targets the older TreeEnsembleRegressor
without set membership, and unrolls each category split into a chain of comparisons.  What we need
is the model's own text form and one node.

Cost: one pass over the model text, about 1 s for 500 trees of 63 leaves.  Not done: linear leaves,
`zero_as_missing`, objectives other than regression, binary and multiclass.

Source: LightGBM `include/LightGBM/tree.h` (decision_type bits, NumericalDecision,
CategoricalDecision); ONNX operator ai.onnx.ml.TreeEnsemble version 5,
https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from stoker.core.errors import TrainingError
from stoker.models._graph_names import OUTPUT, ROWS

if TYPE_CHECKING:
    import onnx

_CATEGORICAL = 1
_DEFAULT_LEFT = 2
_MISSING_SHIFT = 2
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 0, 1, 2

_BRANCH_LEQ = 0
_BRANCH_MEMBER = 6

OPSET = 20
"""Version of the ai.onnx operators."""
TREE_OPSET = 5
"""Version of the ai.onnx.ml operators: the first one with set membership."""
IR_VERSION = 10
"""Version of the file format; the lowest that both operator sets allow in practice."""


@dataclass(frozen=True)
class Forest:
    """The trees of a booster as flat arrays, tree after tree: all that is needed to rebuild it.

    A child is a node of the same tree if it is 0 or more, and leaf `-1 - child` if it is negative,
    as in LightGBM.  A tree that is one leaf has no node.
    """

    num_nodes: np.ndarray
    """Inner nodes of each tree, int32 (T,)."""
    feature: np.ndarray
    """Column that a node looks at, int32 (M,)."""
    threshold: np.ndarray
    """Largest value that goes left, float64 (M,); for a category split the index of its set."""
    decision: np.ndarray
    """LightGBM's decision_type: bit 0 category split, bit 1 missing goes left, bits 2-3 what counts
    as missing (0 nothing, 2 NaN).  int8 (M,)."""
    left: np.ndarray
    """Child of a node if the value is not above the threshold or is in the set, int32 (M,)."""
    right: np.ndarray
    """The other child, int32 (M,)."""
    leaf: np.ndarray
    """Leaf values, float64 (M + T,)."""
    set_end: np.ndarray
    """For each category split in order of nodes, where its words in `set_word` end, int32 (S,)."""
    set_word: np.ndarray
    """Bit sets of the codes that go left, 32 codes a word, uint32."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, for safetensors."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def sets(self) -> list[np.ndarray]:
        """For each category split in order of nodes, the codes that go left, rising."""
        words = np.split(self.set_word, self.set_end[:-1]) if len(self.set_end) else []
        return [
            np.flatnonzero(np.unpackbits(w.astype("<u4").view(np.uint8), bitorder="little"))
            for w in words
        ]


def read_forest(text: str) -> Forest:
    """The trees that `Booster.model_to_string` describes.

    Raises:
        TrainingError: If the booster has something that the graph cannot say (linear leaves, zero
            taken as missing); a graph that differs from its booster must not exist.
    """
    trees = [_read_tree(block) for block in re.split(r"^Tree=\d+\n", text, flags=re.M)[1:]]
    if not trees:
        raise TrainingError("the booster has no tree", fix="more rows, or a smaller leaf size")
    names = [f.name for f in fields(Forest) if f.name != "set_end"]
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in names}
    ends = np.cumsum(np.concatenate([tree["set_length"] for tree in trees]))
    return Forest(**joined, set_end=ends.astype(np.int32))


def _read_tree(block: str) -> dict[str, np.ndarray]:
    field = dict(
        line.split("=", 1) for line in block.split("\n\n", 1)[0].split("\n") if "=" in line
    )
    if field.get("is_linear", "0").strip() != "0":
        raise TrainingError("the booster has linear leaves", expected="constant leaves")

    def array(name: str, dtype: type) -> np.ndarray:
        return np.array(field.get(name, "").split(), dtype=np.float64).astype(dtype)

    num_nodes = int(field["num_leaves"]) - 1
    decision = array("decision_type", np.int8)
    if np.any((decision >> _MISSING_SHIFT) & 3 == _MISSING_ZERO):
        raise TrainingError("the booster takes zero as missing", expected="NaN as missing")
    return {
        "num_nodes": np.array([num_nodes], np.int32),
        "feature": array("split_feature", np.int32),
        "threshold": array("threshold", np.float64),
        "decision": decision,
        "left": array("left_child", np.int32),
        "right": array("right_child", np.int32),
        "leaf": array("leaf_value", np.float64),
        "set_length": np.diff(array("cat_boundaries", np.int64)),
        "set_word": array("cat_threshold", np.uint32),
    }


def tree_graph(forest: Forest, columns: Mapping[str, np.dtype], num_outputs: int) -> bytes:
    """The ONNX model of a forest, serialised; equal forests give equal bytes.

    Args:
        forest: Trees in LightGBM's order: with K outputs, tree i adds to output i % K.
        columns: Name and type (float64, float32 or int32) of each graph input, in the order in
            which the booster saw them.
        num_outputs: Width of the output.  2 with a binary objective gives [0, score], so that a
            softmax of the output is the probability.

    Returns:
        A model with one input of shape (N,) per column and one output `output` (N, num_outputs).
    """
    from onnx import TensorProto, helper

    types = {
        np.dtype(np.float64): TensorProto.DOUBLE,
        np.dtype(np.float32): TensorProto.FLOAT,
        np.dtype(np.int32): TensorProto.INT32,
    }
    inputs = [helper.make_tensor_value_info(n, types[d], [ROWS]) for n, d in columns.items()]
    output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, num_outputs])
    rounded = helper.make_node("Cast", ["sum"], [OUTPUT], to=TensorProto.FLOAT)
    nodes = [*_matrix_nodes(columns), _ensemble_node(forest, num_outputs), rounded]
    axes = helper.make_tensor("matrix_axis", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "boosted_trees", inputs, [output], [axes])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREE_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    model.producer_name = "stoker"
    return model.SerializeToString(deterministic=True)


def _matrix_nodes(columns: Mapping[str, np.dtype]) -> list[onnx.NodeProto]:
    """Nodes that join the columns to one float64 matrix (N, F)."""
    from onnx import TensorProto, helper

    nodes = []
    parts = [f"matrix_part_{index}" for index in range(len(columns))]
    for (name, dtype), part in zip(columns.items(), parts, strict=True):
        if dtype != np.float64:
            nodes.append(helper.make_node("Cast", [name], [f"{part}_wide"], to=TensorProto.DOUBLE))
            name = f"{part}_wide"
        nodes.append(helper.make_node("Unsqueeze", [name, "matrix_axis"], [part]))
    return [*nodes, helper.make_node("Concat", parts, ["matrix"], axis=1)]


def _ensemble_node(forest: Forest, num_outputs: int) -> onnx.NodeProto:
    """The TreeEnsemble node of a forest."""
    from onnx import helper, numpy_helper

    flat = _flatten(forest)
    is_set = (flat.decision & _CATEGORICAL).astype(bool)
    tensors = {
        "nodes_modes": np.where(is_set, _BRANCH_MEMBER, _BRANCH_LEQ).astype(np.uint8),
        "nodes_splits": np.where(is_set, 0, flat.threshold),
        "leaf_weights": flat.leaf,
    }
    if is_set.any():
        tensors["membership_values"] = _membership(forest.sets())
    lists = {
        "nodes_featureids": flat.feature,
        "nodes_missing_value_tracks_true": _missing_goes_left(flat),
        "nodes_truenodeids": np.where(flat.left >= 0, flat.left, -1 - flat.left),
        "nodes_trueleafs": flat.left < 0,
        "nodes_falsenodeids": np.where(flat.right >= 0, flat.right, -1 - flat.right),
        "nodes_falseleafs": flat.right < 0,
        "tree_roots": np.cumsum(flat.num_nodes) - flat.num_nodes,
        "leaf_targetids": _targets(flat, num_outputs),
    }
    attributes = {name: array.astype(int).tolist() for name, array in sorted(lists.items())}
    attributes |= {name: numpy_helper.from_array(a, name) for name, a in sorted(tensors.items())}
    return helper.make_node(
        "TreeEnsemble",
        ["matrix"],
        ["sum"],
        domain="ai.onnx.ml",
        aggregate_function=1,
        post_transform=0,
        n_targets=num_outputs,
        **attributes,
    )


def _flatten(forest: Forest) -> Forest:
    """The forest with children counted over all trees, and a node where a tree is only a leaf.

    The operator has no tree without a node, so such a tree gets one whose both sides are its leaf.
    """
    stump_T = forest.num_nodes == 0
    at = (np.cumsum(forest.num_nodes) - forest.num_nodes)[stump_T]
    num_nodes = np.where(stump_T, 1, forest.num_nodes)
    num_leaves = forest.num_nodes + 1
    first_node = np.repeat(np.cumsum(num_nodes) - num_nodes, num_nodes)
    first_leaf = np.repeat(np.cumsum(num_leaves) - num_leaves, num_nodes)

    def child(side_M: np.ndarray) -> np.ndarray:
        side_M = np.insert(side_M, at, -1)
        return np.where(side_M >= 0, side_M + first_node, side_M - first_leaf)

    return Forest(
        num_nodes=num_nodes,
        feature=np.insert(forest.feature, at, 0),
        threshold=np.insert(forest.threshold, at, 0),
        decision=np.insert(forest.decision, at, 0),
        left=child(forest.left),
        right=child(forest.right),
        leaf=forest.leaf,
        set_end=forest.set_end,
        set_word=forest.set_word,
    )


def _missing_goes_left(flat: Forest) -> np.ndarray:
    """Whether NaN takes the left branch: as trained, or as 0 would if none was seen."""
    kind = (flat.decision >> _MISSING_SHIFT) & 3
    default_left = (flat.decision & _DEFAULT_LEFT) != 0
    goes_left = np.where(kind == _MISSING_NAN, default_left, flat.threshold >= 0)
    return goes_left & ((flat.decision & _CATEGORICAL) == 0)


def _targets(flat: Forest, num_outputs: int) -> np.ndarray:
    """Output that each leaf adds to."""
    num_trees = len(flat.num_nodes)
    # Trees of one leaf got a node, so leaves are counted from the gaps between first leaves.
    leaves_T = _leaves(flat)
    column_T = np.ones(num_trees) if num_outputs == 2 else np.arange(num_trees) % num_outputs
    return np.repeat(column_T, leaves_T)


def _leaves(flat: Forest) -> np.ndarray:
    """Leaves of each tree of a flattened forest."""
    first = np.cumsum(flat.num_nodes) - flat.num_nodes
    lowest = np.minimum(flat.left, flat.right)
    last_leaf_T = -1 - np.minimum.reduceat(lowest, first)
    return np.diff(np.concatenate([[-1], last_leaf_T]))


def _membership(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Sets of codes in a row, NaN after each, as the operator wants them."""
    nan = np.array([np.nan])
    return np.concatenate([part for codes in sets for part in (codes.astype(np.float64), nan)])
