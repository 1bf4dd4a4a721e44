"""How a kind of network is usually trained: what the presets start from.

Each network step has its own; they are numbers, so that `stoker check` tells the time of a training
without importing torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Preset = Literal["fast", "good", "best"]

_TYPICAL_ROWS = 60_000
_FEWEST_STEPS, _SMALLEST_BATCH = 20, 16


@dataclass(frozen=True)
class Habits:
    """The defaults suit convolutional networks, and a user's own."""

    epochs: Mapping[Preset, int] = field(default_factory=lambda: {"fast": 2, "good": 7, "best": 20})
    """At 60,000 rows."""
    batch_size: int = 128
    """At as many."""
    rate: float = 0.003
    """Highest learning rate of adamw."""
    weight_decay: float = 0.02
    schedule: str = "one_cycle"
    ema: float | None = 0.995
    """Decay of the average of the weights, except with the preset `fast`."""
    clips_tables: float | None = None
    """Longest gradient where columns beside pictures go in."""
    patience: int | None = None
    """Epochs without a better validation score after which training stops."""
    moves: Literal["none", "shift", "turn"] = "turn"
    """How pictures are moved at random; they are turned too with `turn`, except with `fast`."""

    def num_epochs(self, preset: Preset, num_rows: int) -> int:
        """Epochs for this number of rows: those at 60,000 rows, times sqrt(60,000 / rows).

        The square root is between equal epochs (too few steps for small data) and equal steps
        (which only memorises them); at most 16 times as many, and at least 1.

        >>> [Habits().num_epochs("good", rows) for rows in (54_000, 1_000, 1)]
        [7, 54, 112]
        """
        ratio = (_TYPICAL_ROWS / max(1, num_rows)) ** 0.5
        return max(1, round(self.epochs[preset] * min(16.0, ratio)))

    def num_batch_rows(self, num_rows: int) -> int:
        """Rows of a step: the usual number, halved until an epoch has 20 steps; not below 16.

        >>> [Habits(batch_size=256).num_batch_rows(rows) for rows in (60_000, 1_000, 100)]
        [256, 32, 16]
        """
        size = self.batch_size
        while size > _SMALLEST_BATCH and num_rows < _FEWEST_STEPS * size:
            size //= 2
        return size
