#!/usr/bin/env bash
# torch 2.13.0: within one block of autocast, an optimiser's step is not seen by the forward passes after it.
#
# Expected: a training loop may stand as a whole inside one `with torch.autocast(...)`: each forward pass multiplies by
# the weights as they are.
# Seen: autocast keeps the 16-bit copy of every weight that it made first, until the block ends. A step changes the
# float32 weights in place and nothing renews the copies, so all later passes of the block answer with the weights of
# before, and losses do not fall; no error, no warning. `cache_enabled=False`, or a block for each forward pass, is right.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import torch


def before_and_after(**options):
    """What a layer answers before and after a large step, in one block."""
    torch.manual_seed(0)
    layer, row = torch.nn.Linear(4, 2, bias=False), torch.ones(1, 4)
    method = torch.optim.SGD(layer.parameters(), lr=1.0)
    with torch.autocast("cpu", dtype=torch.bfloat16, **options):
        before = layer(row)
        before.float().sum().backward()
        method.step()
        method.zero_grad()
        after = layer(row)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outside = layer(row)
    return before.tolist(), after.tolist(), outside.tolist()


before, after, outside = before_and_after()
print("one block:      ", before, "->", after, "- the next block:", outside)
assert after == before != outside
before, after, outside = before_and_after(cache_enabled=False)
print("without a cache:", before, "->", after, "- the next block:", outside)
assert before != after == outside
PY
