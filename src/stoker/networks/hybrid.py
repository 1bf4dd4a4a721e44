"""Texts read by a network of their own, beside all other columns under one head.

Pictures beside texts go through convolutions, 16 channels wide at first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stoker.networks.cnn import ConvTower
from stoker.networks.columns import ColumnNetwork
from stoker.networks.layers import Layers
from stoker.networks.mlp import perceptron
from stoker.networks.preparing import Tower

if TYPE_CHECKING:
    from stoker.features import FittedFeature, TokenIds

_CHANNELS = 16


def hybrid(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    reader: Callable[[TokenIds], Tower],
    *,
    hidden: tuple[int, ...],
    dropout: float,
) -> ColumnNetwork:
    """A network that reads texts, and what stands beside them.

    Args:
        features: Fitted features by column.
        num_outputs: Outputs of the head.
        reader: Makes the tower of a column of tokens.
        hidden: Widths of the head's hidden layers.
        dropout: Share of the values of these that is set to zero in training.
    """
    return ColumnNetwork(
        features,
        tower=lambda image: ConvTower(image, _CHANNELS, 1, "relu"),
        head=lambda width: perceptron((width, *hidden, num_outputs), Layers(dropout=dropout)),
        reader=reader,
        channels_last=True,
    )
