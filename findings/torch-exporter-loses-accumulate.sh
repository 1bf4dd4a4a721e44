#!/usr/bin/env bash
# torch 2.13.0 with onnxruntime 1.31.1: the TorchScript exporter drops `accumulate=True` of `index_put` without a word.
#
# Expected: sums by group, `zeros.index_put((group,), values, accumulate=True)`, become a node that adds, or the export is
# refused; for the same sum by `index_add` the exporter at least warns that the graph will be incorrect.
# Seen: with `dynamo=False` the graph keeps the last value of each group instead of the sum; no warning, and the model
# checks and loads. `scatter_add` is exported rightly, and so are all three by the newer exporter (`dynamo=True`).
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1
"$work/env/bin/python" - <<'PY'
import io
import warnings

import onnxruntime
import torch


class ByPut(torch.nn.Module):
    def forward(self, values, group, like):
        return torch.zeros(like.shape[0]).index_put((group,), values, accumulate=True)


class ByScatter(torch.nn.Module):
    def forward(self, values, group, like):
        return torch.zeros(like.shape[0]).scatter_add(0, group, values)


ROWS = torch.tensor([1.0, 2, 4, 8]), torch.tensor([0, 0, 1, 1]), torch.zeros(2)
NAMES = ["values", "group", "like"]


def answers(module, dynamo):
    """What the exported graph gives, and warnings that speak of an incorrect graph."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if dynamo:
            torch.onnx.export(module, ROWS, input_names=NAMES, dynamo=True, verbose=False).save(buffer)
        else:
            torch.onnx.export(module, ROWS, buffer, input_names=NAMES, dynamo=False, opset_version=18)
    told = [str(one.message) for one in said if "incorrect" in str(one.message)]
    session = onnxruntime.InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])
    inputs = {i.name for i in session.get_inputs()}
    feed = {n: t.numpy() for n, t in zip(NAMES, ROWS) if n in inputs}
    return session.run(None, feed)[0].tolist(), told


assert ByPut()(*ROWS).tolist() == ByScatter()(*ROWS).tolist() == [3.0, 12.0]
found, told = answers(ByPut(), dynamo=False)
print("index_put, TorchScript exporter:", found, "warnings:", told)
assert found == [2.0, 8.0] and told == []
for module, dynamo in ((ByScatter(), False), (ByPut(), True), (ByScatter(), True)):
    found, _ = answers(module, dynamo)
    print(type(module).__name__, "dynamo" if dynamo else "TorchScript", found)
    assert found == [3.0, 12.0]
PY
