"""A residual network of basic blocks, the form that was made for small pictures.

Each block adds two convolutions' worth of change to what came in; the last norm of a block starts
at zero, so a fresh network passes its input on and deep ones train as easily as shallow ones.
Stages double the channels and halve the picture; the mean over what is left makes a vector, so a
picture's size does not change the number of weights.  Pictures from 48 pixels on are first reduced
by strided convolutions.

Cost: for 28x28 grey pictures with the defaults about 14 million multiplications a picture.

Source: He et al. 2016, "Deep Residual Learning for Image Recognition",
https://arxiv.org/abs/1512.03385; zero start: Goyal et al. 2017, https://arxiv.org/abs/1706.02677
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from torch import Tensor, nn

from stoker.models import Network
from stoker.models._combiner import ColumnNetwork, Tower
from stoker.models._stages import num_strided
from stoker.models.cnn import CHANNELS_LAST_FROM, conv_block
from stoker.models.mlp import perceptron

if TYPE_CHECKING:
    from stoker.features import FittedFeature
    from stoker.features._fitted.image import FittedImage


class Resnet(Network):
    """Stages of residual blocks and a small head."""

    width: Annotated[int, Field(ge=1, le=1024)] = 16
    """Channels of the first stage; each further stage doubles them."""

    blocks: tuple[Annotated[int, Field(ge=1, le=64)], ...] = (2, 2, 2)
    """Blocks of each stage, two convolutions a block."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = ()
    """Widths of the head's hidden layers."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the head's hidden values that is set to zero at random in training."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh residual network."""
        return ColumnNetwork(
            features,
            tower=lambda image: ResidualTower(image, self.width, self.blocks),
            head=lambda width: perceptron((width, *self.hidden, num_outputs), self.dropout),
            channels_last=self.width >= CHANNELS_LAST_FROM,
        )


class ResidualTower(Tower):
    """A stem, stages of blocks, and the mean over places."""

    def __init__(self, image: FittedImage, width: int, blocks: tuple[int, ...]) -> None:
        """Plan the stages."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = image.channels
        for _ in range(num_strided(min(image.height, image.width))):
            layers += conv_block(channels, width, stride=2)
            channels = width
        layers += conv_block(channels, width)
        channels = width
        for stage, count in enumerate(blocks):
            grown = width * 2**stage
            for position in range(count):
                stride = 2 if stage and not position else 1
                layers.append(Block(channels, grown, stride))
                channels = grown
        self.layers = nn.Sequential(*layers)
        self.num_features = channels

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Vectors (N, num_features)."""
        return self.layers(image_NCHW).mean((2, 3))


class Block(nn.Module):
    """Two convolutions whose result is added to the input."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        """A 1x1 convolution carries the input over where its shape changes."""
        super().__init__()
        last = nn.BatchNorm2d(after)
        nn.init.zeros_(last.weight)
        second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.change = nn.Sequential(*conv_block(before, after, stride=stride), second, last)
        self.carry = nn.Identity()
        if before != after or stride != 1:
            carry = nn.Conv2d(before, after, 1, stride=stride, bias=False)
            self.carry = nn.Sequential(carry, nn.BatchNorm2d(after))
        self.relu = nn.ReLU()

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """The changed input."""
        return self.relu(self.carry(image_NCHW) + self.change(image_NCHW))
