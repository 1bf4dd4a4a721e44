#!/usr/bin/env bash
# onnxruntime 1.31.1: the time of one call grows with the square of the number of the graph's inputs.
#
# Expected: a graph with one input a column of a table (as converters of tabular models write it) costs a call some
# microseconds an input.
# Seen: before each call `InferenceSession.run` checks in Python that every wanted input was given, by looking each name
# up in a list: four times the inputs cost about sixteen times as long.  At 6,000 columns that is most of a call.
# One input of shape (rows, columns), or an `IOBinding`, does not pay it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.22.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import time

import numpy, onnx, onnxruntime
from onnx import TensorProto, helper


def seconds(inputs):
    names = [f"column_{place}" for place in range(inputs)]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in names]
    nodes = [helper.make_node("Sum", names, ["y"])]
    answer = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])]
    graph = helper.make_graph(nodes, "sum", given, answer)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    row = {name: numpy.ones(1, numpy.float32) for name in names}
    whole, checking = [], []
    for _ in range(5):
        begun = time.process_time()
        session.run(None, row)
        whole.append(time.process_time() - begun)
        begun = time.process_time()
        session._validate_input(list(row))
        checking.append(time.process_time() - begun)
    return min(whole), min(checking)


few, many = seconds(1_500), seconds(6_000)
for inputs, (whole, checking) in ((1_500, few), (6_000, many)):
    print(f"{inputs} inputs: a call {1000 * whole:.1f} ms, of which looking up names {1000 * checking:.1f} ms")
assert many[1] > 8 * few[1], "looking up names grows with the square"
assert many[1] > 0.5 * many[0], "and is most of a call"
PY
echo "as stated"
