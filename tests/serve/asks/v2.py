"""Tensors of the census bundle."""

from __future__ import annotations

import json

from stoker.testing import Ask

_INPUTS = [
    {"name": "age", "shape": [1], "datatype": "FP64", "data": [30]},
    {"name": "职业", "shape": [1], "datatype": "BYTES", "data": ["nurse"]},
]
_BODY = json.dumps({"inputs": _INPUTS}).encode()
_MODEL = "/v2/models/census"

SOUND = [
    *(Ask("POST", f"{path}/infer", _BODY) for path in (_MODEL, f"{_MODEL}/versions/1")),
    *(Ask("GET", path) for path in ("/v2", "/v2/health/live", _MODEL)),
]
