#!/usr/bin/env bash
# onnxruntime 1.31.1: `quantize_static(per_channel=True)` makes a graph that it cannot run.
#
# Expected: a node that the runtime cannot run per channel is left in float or gets one scale, or the quantiser
# refuses; what it writes, the same release runs.
# Seen: of a MatMul whose weight has three axes the quantiser makes one scale and one zero point for each last
# index, without a word; the session is made without an error too; `run` raises Fail in QLinearMatMul ("weight
# zero point must be a scalar, 1D tensor of size 1, or last to second dimension is 1").  With
# per_channel=False, or with the same product written as a weight of two axes, the graph runs.
# Whoever quantises has to run the result before it is kept.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
cd "$work"
"$work/env/bin/python" - <<'PY'
import logging

import numpy, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(4)
random = numpy.random.default_rng(0)
rows = random.normal(size=(8, 3, 1, 4)).astype("float32")


class Reader:
    def __init__(self):
        self.batches = iter([{"x": rows}])

    def get_next(self):
        return next(self.batches, None)


def answer(weight, per_channel):
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3, 1, 5])],
        [numpy_helper.from_array(weight.astype("float32"), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    quantization.quantize_static(model, "small.onnx", Reader(), per_channel=per_channel)
    session = onnxruntime.InferenceSession("small.onnx", providers=["CPUExecutionProvider"])
    try:
        return session.run(None, {"x": rows})[0].shape
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[-130:]}"


three, two = random.normal(size=(3, 4, 5)), random.normal(size=(4, 5))
for name, weight, per_channel in (("three axes", three, True), ("three axes", three, False), ("two axes", two, True)):
    print(name, "per channel" if per_channel else "one scale", answer(weight, per_channel))
failed = answer(three, True)
assert isinstance(failed, str) and failed.startswith("Fail") and "zero point" in failed, failed
assert answer(three, False) == answer(two, True) == (8, 3, 1, 5)
PY
echo "as stated"
