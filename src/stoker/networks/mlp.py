"""Linear layers with activations, and the network that `mlp` builds of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from stoker.networks.columns import ColumnNetwork, Flattened
from stoker.networks.layers import Layers, initialize, make_activation
from stoker.networks.linear import LinearLayer

if TYPE_CHECKING:
    from stoker.features import FittedFeature


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    hidden: tuple[int, ...],
    layers: Layers,
    periodic: int,
    frequency: float,
) -> nn.Module:
    """A fresh perceptron."""
    network = ColumnNetwork(
        features,
        tower=Flattened,
        head=lambda width: perceptron((width, *hidden, num_outputs), layers),
        periodic=periodic,
        frequency=frequency,
    )
    initialize(network, layers.initializer)
    return network


def perceptron(widths: tuple[int, ...], layers: Layers) -> nn.Module:
    """Linear layers of the given widths, with activation and dropout after all but the last.

    >>> perceptron((784, 500, 10), Layers())
    Sequential(
      (0): LinearLayer(in_features=784, out_features=500, bias=True, relu=True)
      (1): LinearLayer(in_features=500, out_features=10, bias=True, relu=False)
    )
    """
    *hidden, last = itertools.pairwise(widths)
    is_inside = layers.activation == "relu"
    made: list[nn.Module] = []
    for before, after in hidden:
        made += [
            LinearLayer(before, after, relu=is_inside),
            *([] if is_inside else [make_activation(layers.activation)]),
            *([nn.Dropout(layers.dropout)] if layers.dropout else []),
        ]
    return nn.Sequential(*made, LinearLayer(*last))
