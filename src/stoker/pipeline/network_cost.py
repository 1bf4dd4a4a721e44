"""Count the multiplications of a network from its recipe fields, without building it.

`stoker check` must not import torch, which takes longer than all of its other work, so the sizes
that `stoker.models` builds are followed here with arithmetic alone.  A test holds the two together.

Cost: microseconds.  Knows the networks of stoker; a user's own model is None.  Norms, pooling and
activations are left out, as they take memory and not multiplications.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from stoker.models._stages import num_stages, num_strided
from stoker.pipeline.looks import Shape

_KERNEL = 9


def multiplications(
    name: str, fields: Mapping[str, Any], picture: Shape | None, num_columns: int, outputs: int
) -> int | None:
    """Multiplications for the answer to one row.

    Args:
        name: Recipe name of the model.
        fields: Its fields, such as `{"width": 32}`.
        picture: Channels, height and width of the picture column as the network sees it, if any.
        num_columns: Numbers and categories beside it.
        outputs: Classes, or 1.

    >>> multiplications("mlp", {"hidden": (500,)}, (1, 28, 28), 0, 10)
    397000
    >>> multiplications("somebody.elses:Model", {}, (1, 28, 28), 0, 10) is None
    True
    """
    if name not in ("logistic", "mlp", "cnn", "resnet"):
        return None
    tower, width = 0, math.prod(picture) if picture else 0
    if picture and name == "cnn":
        tower, width = _cnn(picture, fields["width"], fields["depth"])
    if picture and name == "resnet":
        tower, width = _resnet(picture, fields["width"], fields["blocks"])
    head = [width + num_columns, *fields.get("hidden", ()), outputs]
    return tower + sum(before * after for before, after in pairwise(head))


def _cnn(picture: Shape, width: int, depth: int) -> tuple[int, int]:
    """Multiplications of the tower, and numbers that leave it."""
    total, channels, height, wide = _strided(picture, width)
    for stage in range(num_stages(min(height, wide))):
        grown = width * min(4, 2**stage)
        for _ in range(depth):
            total += _KERNEL * channels * grown * height * wide
            channels = grown
        if min(height, wide) > 1:
            height, wide = height // 2, wide // 2
    return total, channels * height * wide


def _resnet(picture: Shape, width: int, blocks: tuple[int, ...]) -> tuple[int, int]:
    total, channels, height, wide = _strided(picture, width)
    total += _KERNEL * channels * width * height * wide
    channels = width
    for stage, count in enumerate(blocks):
        grown = width * 2**stage
        if stage:
            height, wide = -(-height // 2), -(-wide // 2)
        carried = channels * grown if channels != grown else 0
        first = _KERNEL * (channels + (2 * count - 1) * grown) * grown if count else 0
        total += (carried + first) * height * wide
        channels = grown
    return total, channels


def _strided(picture: Shape, width: int) -> tuple[int, int, int, int]:
    """Multiplications, channels, height and width after the strided convolutions in front."""
    channels, height, wide = picture
    total = 0
    for _ in range(num_strided(min(height, wide))):
        height, wide = -(-height // 2), -(-wide // 2)
        total += _KERNEL * channels * width * height * wide
        channels = width
    return total, channels, height, wide
