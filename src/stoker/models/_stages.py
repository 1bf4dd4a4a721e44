"""How many times convolutional networks halve a picture, by its size alone.

Apart from the networks because `stoker check` counts their work without importing torch.
"""

from __future__ import annotations

import math

_STRIDED_FROM = 48


def num_strided(side: int) -> int:
    """Strided convolutions in front: one from 48 pixels on, and as many as bring it to 64 or less.

    >>> [num_strided(side) for side in (28, 47, 48, 64, 128, 224, 1024)]
    [0, 0, 1, 1, 1, 2, 4]
    """
    return max(int(side >= _STRIDED_FROM), math.ceil(math.log2(side / 64)))


def num_stages(side: int) -> int:
    """Stages that leave about 4 pixels of the shorter side.

    >>> [num_stages(side) for side in (1, 4, 8, 28, 32, 64)]
    [1, 1, 1, 3, 3, 4]
    """
    return max(1, round(math.log2(max(side, 8) / 4)))
