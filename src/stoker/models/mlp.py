"""A multi-layer perceptron: linear layers with a ReLU between them.

Images are flattened to their pixels.  With its defaults and 28x28 grey images it is exactly
784-500-K, the net of every MNIST tutorial.

Cost: 6 floating-point operations per weight and row for a training step.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from torch import nn

from stoker.models import Network
from stoker.models._combiner import ColumnNetwork, Flattened
from stoker.models._linear import Linear

if TYPE_CHECKING:
    from stoker.features import FittedFeature


class Mlp(Network):
    """Linear layers with a ReLU between them."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = (500,)
    """Widths of the hidden layers, first to last; empty is a linear model."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each hidden layer's values that is set to zero at random in training."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh perceptron."""
        return ColumnNetwork(
            features,
            tower=Flattened,
            head=lambda width: perceptron((width, *self.hidden, num_outputs), self.dropout),
        )


def perceptron(widths: tuple[int, ...], dropout: float) -> nn.Module:
    """Linear layers of the given widths, with ReLU and dropout after all but the last.

    >>> perceptron((784, 500, 10), 0.0)
    Sequential(
      (0): Linear(in_features=784, out_features=500, bias=True, relu=True)
      (1): Linear(in_features=500, out_features=10, bias=True, relu=False)
    )
    """
    *hidden, last = itertools.pairwise(widths)
    layers: list[nn.Module] = []
    for before, after in hidden:
        layers += [Linear(before, after, relu=True), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(*layers, Linear(*last))
