"""How long a preset trains: epochs, rows of a step, and the size of the network for pictures.

Apart from the presets because `stoker check` tells the time of a training from these numbers, and
must not import torch for it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Preset = Literal["fast", "good", "best"]

PICTURE_NETWORK: dict[Preset, tuple[int, int]] = {"fast": (16, 1), "good": (32, 1), "best": (32, 2)}
"""Width and depth of the `cnn` that a preset takes for pictures."""


class _Family(NamedTuple):
    epochs: dict[Preset, int]
    """At 60,000 rows."""
    batch_size: int
    """At as many."""


_FAMILIES = {
    "logistic": _Family({"fast": 4, "good": 10, "best": 20}, 256),
    "mlp": _Family({"fast": 4, "good": 7, "best": 24}, 512),
}
_CONVOLUTIONAL = _Family({"fast": 2, "good": 7, "best": 20}, 128)
"""Also of a user's own network."""


def epochs(model: str, preset: Preset, num_rows: int) -> int:
    """Epochs for this number of rows: those at 60,000 rows, times sqrt(60,000 / rows).

    The square root is between equal epochs (too few steps for small data) and equal steps (which
    only memorises them); at most 16 times as many, and at least 1.

    >>> [epochs("mlp", "good", rows) for rows in (54_000, 1_000, 1)]
    [7, 54, 112]
    """
    ratio = (60_000 / max(1, num_rows)) ** 0.5
    return max(1, round(_family(model).epochs[preset] * min(16.0, ratio)))


def batch_size(model: str, num_rows: int) -> int:
    """The family's size, halved until an epoch has 20 steps; not below 16.

    >>> [batch_size("logistic", rows) for rows in (60_000, 1_000, 100)]
    [256, 32, 16]
    """
    size = _family(model).batch_size
    while size > 16 and num_rows < 20 * size:
        size //= 2
    return size


def _family(model: str) -> _Family:
    return _FAMILIES.get(model, _CONVOLUTIONAL)
