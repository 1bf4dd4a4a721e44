"""One linear layer: logistic regression for `classify`, least squares for `regress`.

It is the baseline that every report compares with: whatever it reaches needs no network.  A
category adds one learned number per output and value, which equals a one-hot code times a linear
layer without ever making the one-hot code.

Cost: one multiplication per input and output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from stoker.models import Habits, Network
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature


class Logistic(Network):
    """A linear model of pixels, numbers and one-hot categories."""

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 4, "good": 10, "best": 20},
        batch_size=256,
        rate=0.005,
        weight_decay=0.0,
        schedule="cosine",
        ema=None,
        patience=5,
        moves="none",
    )

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A linear model that answers 0 for everything until it is trained."""
        from stoker.networks.logistic import LinearNetwork

        return LinearNetwork(features, num_outputs)

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """One a weight."""
        return ((math.prod(picture) if picture else 0) + num_columns) * num_outputs
