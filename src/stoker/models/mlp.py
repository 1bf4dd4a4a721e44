"""A multi-layer perceptron: linear layers with an activation between them.

Images are flattened to their pixels.  With its defaults and 28x28 grey images it is exactly
784-500-K, the net of every MNIST tutorial.  Categories are embedded, and with `periodic` numbers
too, which is what lets a perceptron follow the steps and bends of a table.

Cost: 6 floating-point operations per weight and row for a training step; 16 waves make a step on a
table of a dozen numbers about half as long again.

Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning",
https://arxiv.org/abs/2203.05556
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stoker.models import Habits
from stoker.models._layered import Layered
from stoker.networks.stages import Shape, head_work

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature


class Mlp(Layered):
    """Linear layers with an activation between them."""

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 4, "good": 7, "best": 24},
        batch_size=512,
        rate=0.005,
        weight_decay=0.01,
        ema=0.99,
        clips_tables=1.0,
        moves="shift",
    )

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = (500,)
    """Widths of the hidden layers, first to last; empty is a linear model."""

    periodic: Annotated[int, Field(ge=0, le=256)] = 0
    """Frequencies at which each number is seen through sine and cosine too; 0: as it is only."""

    frequency: Annotated[float, Field(gt=0)] = 0.1
    """Deviation of the frequencies that training begins with, in turns per standard deviation of
    the number; higher ones follow finer steps and sooner fit to noise."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh perceptron."""
        from stoker.networks.mlp import build

        return build(
            features,
            num_outputs,
            hidden=self.hidden,
            layers=self.layers,
            periodic=self.periodic,
            frequency=self.frequency,
        )

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """One a weight.

        >>> Mlp(hidden=(500,)).multiplications((1, 28, 28), 0, 10)
        397000
        """
        pixels = math.prod(picture) if picture else 0
        return head_work((pixels + num_columns, *self.hidden, num_outputs))
