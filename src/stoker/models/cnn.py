"""A plain convolutional network for small pictures.

Stages of 3x3 convolutions, each with batch norm and ReLU; every stage halves the picture by pooling
and doubles the channels, until about 4 pixels are left on the shorter side.  What is left is
flattened, because where a stroke lies matters in small pictures.  Pictures from 48 pixels on are
first reduced by strided convolutions: neighbours say much the same.  On 64x64 emoji that is 2.4
times faster at an equal score (docs/log.md).

Numbers and categories in the same recipe join the pictures' vectors in front of the head.

Cost: for 28x28 grey pictures and width 32 about 24 million multiplications a picture; convolutions
run channels-last, which is a fifth faster on CPUs from 16 channels up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from torch import Tensor, nn

from stoker.models import Network
from stoker.models._combiner import ColumnNetwork, Tower
from stoker.models._stages import num_stages, num_strided
from stoker.models.mlp import perceptron

if TYPE_CHECKING:
    from stoker.features import FittedFeature
    from stoker.features._fitted.image import FittedImage

CHANNELS_LAST_FROM = 16
"""Channels from which the channels-last layout pays on CPUs (measured)."""


class Cnn(Network):
    """Convolutions, pooling, and a small head."""

    width: Annotated[int, Field(ge=1, le=1024)] = 32
    """Channels of the first stage; each further stage doubles them, up to four times this."""

    depth: Annotated[int, Field(ge=1, le=8)] = 1
    """Convolutions in each stage."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = (128,)
    """Widths of the head's hidden layers."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the head's hidden values that is set to zero at random in training."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh convolutional network."""
        return ColumnNetwork(
            features,
            tower=lambda image: ConvTower(image, self.width, self.depth),
            head=lambda width: perceptron((width, *self.hidden, num_outputs), self.dropout),
            channels_last=self.width >= CHANNELS_LAST_FROM,
        )


class ConvTower(Tower):
    """Convolution stages that halve the picture until about 4 pixels are left."""

    def __init__(self, image: FittedImage, width: int, depth: int) -> None:
        """Plan the stages for the size of the picture."""
        super().__init__()
        height, wide, channels = image.height, image.width, image.channels
        layers: list[nn.Module] = []
        for _ in range(num_strided(min(height, wide))):
            layers += conv_block(channels, width, stride=2)
            channels, height, wide = width, -(-height // 2), -(-wide // 2)
        for stage in range(num_stages(min(height, wide))):
            grown = width * min(4, 2**stage)
            for _ in range(depth - 1):
                layers += conv_block(channels, grown)
                channels = grown
            pooled = min(height, wide) > 1
            layers += conv_block(channels, grown, pooled=pooled)
            channels = grown
            if pooled:
                height, wide = height // 2, wide // 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.num_features = channels * height * wide

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Vectors (N, num_features)."""
        return self.layers(image_NCHW)


def conv_block(
    before: int, after: int, *, stride: int = 1, pooled: bool = False
) -> list[nn.Module]:
    """A 3x3 convolution, pooling if asked for, batch norm and ReLU.

    The norm's shift replaces the convolution's bias.  Pooling stands in front of the norm, which
    is then four times cheaper: on a CPU a norm costs as much as the convolution before it.
    """
    return [
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
        *([nn.MaxPool2d(2)] if pooled else []),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    ]
