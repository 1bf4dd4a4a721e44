"""Stages of convolutions, and the network that `cnn` builds of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor, nn

from stoker.networks.columns import ColumnNetwork
from stoker.networks.layers import ActivationName, Layers, initialize, make_activation
from stoker.networks.mlp import perceptron
from stoker.networks.preparing import Tower
from stoker.networks.stages import num_stages, num_strided

if TYPE_CHECKING:
    from stoker.features import FittedFeature, Pixels

CHANNELS_LAST_FROM = 16
"""Channels from which the channels-last layout pays on CPUs (measured)."""


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    width: int,
    depth: int,
    hidden: tuple[int, ...],
    layers: Layers,
) -> nn.Module:
    """A fresh convolutional network; what the sizes mean stands at the step `cnn`."""
    network = ColumnNetwork(
        features,
        tower=lambda image: ConvTower(image, width, depth, layers.activation),
        head=lambda found: perceptron((found, *hidden, num_outputs), layers),
        channels_last=width >= CHANNELS_LAST_FROM,
    )
    initialize(network, layers.initializer)
    return network


class ConvTower(Tower):
    """Convolution stages that halve the picture until about 4 pixels are left."""

    def __init__(self, image: Pixels, width: int, depth: int, activation: ActivationName) -> None:
        """Plan the stages for the size of the picture."""
        super().__init__()
        height, wide, channels = image.height, image.width, image.channels
        layers: list[nn.Module] = []
        for _ in range(num_strided(min(height, wide))):
            layers += conv_block(channels, width, activation, stride=2)
            channels, height, wide = width, -(-height // 2), -(-wide // 2)
        for stage in range(num_stages(min(height, wide))):
            grown = width * min(4, 2**stage)
            for _ in range(depth - 1):
                layers += conv_block(channels, grown, activation)
                channels = grown
            pooled = min(height, wide) > 1
            layers += conv_block(channels, grown, activation, pooled=pooled)
            channels = grown
            if pooled:
                height, wide = height // 2, wide // 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.num_features = channels * height * wide

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Vectors (N, num_features)."""
        return self.layers(image_NCHW)


def conv_block(
    before: int, after: int, activation: ActivationName, *, stride: int = 1, pooled: bool = False
) -> list[nn.Module]:
    """A 3x3 convolution, pooling if asked for, batch norm and activation.

    The norm's shift replaces the convolution's bias.  Pooling stands in front of the norm, which
    is then four times cheaper: on a CPU a norm costs as much as the convolution before it.
    """
    return [
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
        *([nn.MaxPool2d(2)] if pooled else []),
        nn.BatchNorm2d(after),
        make_activation(activation),
    ]
