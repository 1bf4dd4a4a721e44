"""Linear layers with ReLU, and the network that `mlp` builds of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from stoker.networks.columns import ColumnNetwork, Flattened
from stoker.networks.linear import LinearLayer

if TYPE_CHECKING:
    from stoker.features import FittedFeature


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    hidden: tuple[int, ...],
    dropout: float,
    periodic: int,
    frequency: float,
) -> nn.Module:
    """A fresh perceptron."""
    return ColumnNetwork(
        features,
        tower=Flattened,
        head=lambda width: perceptron((width, *hidden, num_outputs), dropout),
        periodic=periodic,
        frequency=frequency,
    )


def perceptron(widths: tuple[int, ...], dropout: float) -> nn.Module:
    """Linear layers of the given widths, with ReLU and dropout after all but the last.

    >>> perceptron((784, 500, 10), 0.0)
    Sequential(
      (0): LinearLayer(in_features=784, out_features=500, bias=True, relu=True)
      (1): LinearLayer(in_features=500, out_features=10, bias=True, relu=False)
    )
    """
    *hidden, last = itertools.pairwise(widths)
    layers: list[nn.Module] = []
    for before, after in hidden:
        layers += [
            LinearLayer(before, after, relu=True),
            *([nn.Dropout(dropout)] if dropout else []),
        ]
    return nn.Sequential(*layers, LinearLayer(*last))
