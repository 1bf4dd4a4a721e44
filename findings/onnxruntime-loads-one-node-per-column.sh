#!/usr/bin/env bash
# onnxruntime 1.31.1: loading a graph with one node for each column takes time that grows faster than the square of the columns.
#
# Expected: `Unsqueeze` for each of 6,000 inputs and one `Concat` over them (how converters of tabular models bring
# columns side by side) loads about as fast as any graph of as many inputs.
# Seen: it takes some 40 times as long as the same inputs in a `Concat` along axis 0, a `Reshape` and a `Transpose`, which
# give the same matrix; four times the columns cost about thirty times as long.  At 6,000 columns: seconds a load.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.22.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import time

import numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper


def session_of(columns, one_node_each):
    names = [f"column_{place}" for place in range(columns)]
    given = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows"]) for name in names]
    if one_node_each:
        constant = numpy_helper.from_array(numpy.array([1], numpy.int64), "axis")
        nodes = [helper.make_node("Unsqueeze", [name, "axis"], [f"{name}_wide"]) for name in names]
        nodes.append(helper.make_node("Concat", [f"{name}_wide" for name in names], ["matrix"], axis=1))
    else:
        constant = numpy_helper.from_array(numpy.array([columns, -1], numpy.int64), "form")
        nodes = [
            helper.make_node("Concat", names, ["flat"], axis=0),
            helper.make_node("Reshape", ["flat", "form"], ["lines"]),
            helper.make_node("Transpose", ["lines"], ["matrix"], perm=[1, 0]),
        ]
    answer = [helper.make_tensor_value_info("matrix", TensorProto.DOUBLE, ["rows", columns])]
    graph = helper.make_graph(nodes, "matrix", given, answer, [constant])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    begun = time.process_time()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session, time.process_time() - begun


seconds = {}
for columns in (1_500, 6_000):
    (slow, seconds[columns, True]), (fast, seconds[columns, False]) = (session_of(columns, way) for way in (True, False))
    rows = {f"column_{place}": numpy.array([place, -place], float) for place in range(columns)}
    assert (slow.run(None, rows)[0] == fast.run(None, rows)[0]).all(), "the same matrix"
    print(f"{columns} columns: a node each {seconds[columns, True]:.2f} s, three nodes in all {seconds[columns, False]:.2f} s")
assert seconds[6_000, True] > 5 * seconds[6_000, False], "a node each is much slower to load"
assert seconds[6_000, True] > 7 * seconds[1_500, True], "and grows with the square"
PY
echo "as stated"
