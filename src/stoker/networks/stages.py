"""How often convolutional networks halve a picture, and what that costs, by its size alone.

Apart from the networks because steps count their work without importing torch.  Norms, pooling and
activations are left out: they take memory and not multiplications.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

Shape = tuple[int, int, int]
"""Channels, height and width of a picture."""

KERNEL = 9
"""Weights of a 3x3 kernel."""
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


class Planes(NamedTuple):
    """What a layer gives to the next."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Places of one channel."""
        return self.height * self.width

    def halved(self) -> Planes:
        """After a step of two, which rounds up."""
        return self._replace(height=-(-self.height // 2), width=-(-self.width // 2))


def strided(picture: Shape, channels: int) -> tuple[int, Planes]:
    """Multiplications of the strided convolutions in front, and what they give."""
    planes, total = Planes(*picture), 0
    for _ in range(num_strided(min(planes.height, planes.width))):
        planes, before = planes.halved(), planes.channels
        total += KERNEL * before * channels * planes.size
        planes = planes._replace(channels=channels)
    return total, planes


def head_work(widths: Sequence[int]) -> int:
    """Multiplications of linear layers of these widths.

    >>> head_work((784, 500, 10))
    397000
    """
    return sum(before * after for before, after in pairwise(widths))
