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
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from stoker.core.errors import TrainingError

if TYPE_CHECKING:
    import onnx

    from stoker.models._bins import Field

_CATEGORICAL = 1
_DEFAULT_LEFT = 2
_MISSING_SHIFT = 2
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 0, 1, 2

_BRANCH_LEQ = 0
_BRANCH_MEMBER = 6


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

    middle: np.ndarray
    """Of each node: the value that a missing cell counts as where training lacked none; NaN where
    `decision` says which side it takes.  float64 (M,)."""
    output: np.ndarray
    """Output that each tree adds to, int32 (T,)."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, for safetensors."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def num_learned(self) -> int:
        """Learned numbers: a cut or a set for each inner node, and a value for each leaf."""
        return len(self.feature) + len(self.leaf)

    def scaled(self, factor: float) -> Forest:
        """The same trees, each leaf times a factor."""
        return replace(self, leaf=self.leaf * factor)

    def on_values(self, fields: Sequence[Field]) -> Forest:
        """Trees on bins as trees on the values of columns: thresholds become cuts in float64."""
        threshold_M, middle_M = self.threshold.copy(), self.middle.copy()
        is_set_M = (self.decision & _CATEGORICAL).astype(bool)
        for place, field in enumerate(fields):
            here_M = (self.feature == place) & ~is_set_M
            if field.edges is None or not here_M.any():
                continue
            if field.middle is not None:
                middle_M[here_M] = field.cut(np.array([field.middle]))[0]
            threshold_M[here_M] = field.cut(threshold_M[here_M])
        return replace(self, threshold=threshold_M, middle=middle_M)

    def sets(self) -> list[np.ndarray]:
        """For each category split in order of nodes, the codes that go left, rising."""
        words = np.split(self.set_word, self.set_end[:-1]) if len(self.set_end) else []
        return [
            np.flatnonzero(np.unpackbits(w.astype("<u4").view(np.uint8), bitorder="little"))
            for w in words
        ]


def read_forest(text: str, num_outputs: int) -> Forest:
    """The trees that `Booster.model_to_string` describes, tree i for output i % K.

    Args:
        text: What the booster says of itself.
        num_outputs: Width of the output; 2 means that all trees add to the second one.

    Raises:
        TrainingError: If the booster has something that the graph cannot say (linear leaves, zero
            taken as missing); a graph that differs from its booster must not exist.
    """
    trees = [_read_tree(block) for block in re.split(r"^Tree=\d+\n", text, flags=re.M)[1:]]
    if not trees:
        raise TrainingError("the booster has no tree", fix="more rows, or a smaller leaf size")
    names = [f.name for f in fields(Forest) if f.name in trees[0]]
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in names}
    ends = np.cumsum(np.concatenate([tree["set_length"] for tree in trees]))
    output_T = np.ones(len(trees)) if num_outputs == 2 else np.arange(len(trees)) % num_outputs
    return Forest(
        **joined,
        set_end=ends.astype(np.int32),
        middle=np.full(len(joined["feature"]), np.nan),
        output=output_T.astype(np.int32),
    )


def join_forests(forests: Sequence[Forest]) -> Forest:
    """All trees of several forests, whose sum is the sum of the forests."""
    set_M = np.concatenate([(f.decision & _CATEGORICAL).astype(bool) for f in forests])
    joined = {
        f.name: np.concatenate([getattr(one, f.name) for one in forests]) for f in fields(Forest)
    }
    lengths = np.concatenate([np.diff(one.set_end, prepend=0) for one in forests])
    # A category split names its set by position, which shifts by the sets before.
    joined["threshold"][set_M] = np.arange(set_M.sum())
    return Forest(**{**joined, "set_end": np.cumsum(lengths).astype(np.int32)})


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


def ensemble_node(forest: Forest, num_outputs: int, *, matrix: str, out: str) -> onnx.NodeProto:
    """The TreeEnsemble node of a forest.

    Args:
        forest: With K outputs, each tree adds to output `forest.output`.
        num_outputs: Width of the output.  2 with a binary objective gives [0, score], so that a
            softmax of the output is the probability.
        matrix: Name of the float64 matrix (N, F) that it looks at.
        out: Name of the float64 sums (N, num_outputs).
    """
    from onnx import AttributeProto, helper, numpy_helper

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
        "leaf_targetids": _targets(flat),
    }
    plain = {"aggregate_function": 1, "post_transform": 0, "n_targets": num_outputs}
    plain |= {name: numpy_helper.from_array(array, name) for name, array in tensors.items()}
    node = helper.make_node("TreeEnsemble", [matrix], [out], domain="ai.onnx.ml")
    for name in sorted({*plain, *lists}):
        if name in plain:
            node.attribute.append(helper.make_attribute(name, plain[name]))
        else:  # onnx would look at the type of each of some million numbers
            whole = node.attribute.add(name=name, type=AttributeProto.INTS)
            whole.ints.extend(lists[name].astype(int).tolist())
    return node


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
        middle=np.insert(forest.middle, at, np.nan),
        output=forest.output,
    )


def _missing_goes_left(flat: Forest) -> np.ndarray:
    """Whether NaN takes the left branch: as trained, or as the middle value (else 0) would."""
    kind = (flat.decision >> _MISSING_SHIFT) & 3
    default_left = (flat.decision & _DEFAULT_LEFT) != 0
    middle = np.where(np.isnan(flat.middle), 0, flat.middle)
    goes_left = np.where(kind == _MISSING_NAN, default_left, middle <= flat.threshold)
    return goes_left & ((flat.decision & _CATEGORICAL) == 0)


def _targets(flat: Forest) -> np.ndarray:
    """Output that each leaf adds to."""
    # Trees of one leaf got a node, so leaves are counted from the gaps between first leaves.
    return np.repeat(flat.output, _leaves(flat))


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
