"""Residual blocks, and the network that `resnet` builds of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor, nn

from stoker.networks.cnn import CHANNELS_LAST_FROM, conv_block
from stoker.networks.columns import ColumnNetwork
from stoker.networks.layers import ActivationName, Layers, initialize, make_activation
from stoker.networks.mlp import perceptron
from stoker.networks.preparing import Tower
from stoker.networks.stages import num_strided

if TYPE_CHECKING:
    from stoker.features import FittedFeature, Pixels


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    width: int,
    blocks: tuple[int, ...],
    hidden: tuple[int, ...],
    layers: Layers,
) -> nn.Module:
    """A fresh residual network."""
    network = ColumnNetwork(
        features,
        tower=lambda image: ResidualTower(image, width, blocks, layers.activation),
        head=lambda found: perceptron((found, *hidden, num_outputs), layers),
        channels_last=width >= CHANNELS_LAST_FROM,
    )
    initialize(network, layers.initializer)
    return network


class ResidualTower(Tower):
    """A stem, stages of blocks, and the mean over places."""

    def __init__(
        self, image: Pixels, width: int, blocks: tuple[int, ...], activation: ActivationName
    ) -> None:
        """Plan the stages."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = image.channels
        for _ in range(num_strided(min(image.height, image.width))):
            layers += conv_block(channels, width, activation, stride=2)
            channels = width
        layers += conv_block(channels, width, activation)
        channels = width
        for stage, count in enumerate(blocks):
            grown = width * 2**stage
            for position in range(count):
                stride = 2 if stage and not position else 1
                layers.append(ResidualBlock(channels, grown, stride, activation))
                channels = grown
        self.layers = nn.Sequential(*layers)
        self.num_features = channels

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Vectors (N, num_features)."""
        return self.layers(image_NCHW).mean((2, 3))


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to the input."""

    def __init__(self, before: int, after: int, stride: int, activation: ActivationName) -> None:
        """A 1x1 convolution carries the input over where its shape changes."""
        super().__init__()
        last = nn.BatchNorm2d(after)
        nn.init.zeros_(last.weight)
        second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.change = nn.Sequential(
            *conv_block(before, after, activation, stride=stride), second, last
        )
        self.carry = nn.Identity()
        if before != after or stride != 1:
            carry = nn.Conv2d(before, after, 1, stride=stride, bias=False)
            self.carry = nn.Sequential(carry, nn.BatchNorm2d(after))
        self.activation = make_activation(activation)

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """The changed input."""
        return self.activation(self.carry(image_NCHW) + self.change(image_NCHW))
