"""The weights of a bundle as safetensors: written sorted, read only after a look at the header.

Nothing in serving reads the weights (the graph holds its own copy); they are there for whoever
continues training or looks inside.  A header of more than 1 MiB or more than 100,000 tensors is
refused, because parsing it could take minutes.

Cost: one copy of the weights in memory.

Source: https://huggingface.co/docs/safetensors (format)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stoker.core.errors import ArtifactError, MissingExtraError
from stoker.core.strict_json import parse_json

MAX_HEADER_BYTES = 1 << 20
MAX_TENSORS = 100_000
_WIDTH = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2}
_WIDTH |= {"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8}


def pack_weights(weights: Mapping[str, np.ndarray]) -> bytes:
    """The arrays as a safetensors file; equal arrays give equal bytes.

    Raises:
        MissingExtraError: If safetensors is not installed.
        ArtifactError: If there are too many, or names too long, for a header of 1 MiB.
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise MissingExtraError(
            "safetensors", extra="train", needed_for="writing a bundle"
        ) from None
    data = save({name: np.ascontiguousarray(weights[name]) for name in sorted(weights)})
    check_weights(data)
    return data


def check_weights(data: bytes) -> None:
    """Check the header of a safetensors file against the bytes that follow it.

    Raises:
        ArtifactError: If it is too long, malformed, or does not describe exactly those bytes.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MAX_HEADER_BYTES, len(data) - 8):
        raise _refusal(f"its header claims {length} bytes")
    try:
        header = parse_json(data[8 : 8 + length])
    except ValueError:
        header = None
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise _refusal("its header is malformed")
    spans = sorted(_span(entry) for name, entry in header.items() if name != "__metadata__")
    end = 0
    for begin, stop in spans:
        if begin != end:
            raise _refusal("its tensors overlap or leave gaps")
        end = stop
    if end != len(data) - 8 - length:
        raise _refusal("its tensors do not fill the file")


def _span(entry: Any) -> tuple[int, int]:
    """Where a tensor begins and ends, if shape and type agree with it."""
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            sizes = [size for size in shape if isinstance(size, int) and size >= 0]
            width = _WIDTH.get(dtype)
            if width and len(sizes) == len(shape) and end - begin == width * _product(sizes):
                return begin, end
    raise _refusal("a tensor's type, shape and size disagree")


def _product(sizes: list[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _refusal(why: str) -> ArtifactError:
    return ArtifactError(
        f"weights.safetensors cannot be used: {why}",
        expected="a safetensors file that stoker wrote",
        fix="build the bundle again",
    )
