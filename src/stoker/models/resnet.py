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

from stoker.models._layered import Layered
from stoker.networks.stages import KERNEL, Shape, head_work, strided

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature


class Resnet(Layered):
    """Stages of residual blocks and a small head."""

    needs_pictures = True

    width: Annotated[int, Field(ge=1, le=1024)] = 16
    """Channels of the first stage; each further stage doubles them."""

    blocks: tuple[Annotated[int, Field(ge=1, le=64)], ...] = (2, 2, 2)
    """Blocks of each stage, two convolutions a block."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = ()
    """Widths of the head's hidden layers."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh residual network."""
        from stoker.networks.resnet import build

        return build(
            features,
            num_outputs,
            width=self.width,
            blocks=self.blocks,
            hidden=self.hidden,
            layers=self.layers,
        )

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """Those of the convolutions and the head."""
        if picture is None:
            return head_work((num_columns, *self.hidden, num_outputs))
        total, planes = strided(picture, self.width)
        total += KERNEL * planes.channels * self.width * planes.size
        planes = planes._replace(channels=self.width)
        for stage, count in enumerate(self.blocks):
            grown = self.width * 2**stage
            if stage:
                planes = planes.halved()
            carried = planes.channels * grown if planes.channels != grown else 0
            first = KERNEL * (planes.channels + (2 * count - 1) * grown) * grown if count else 0
            total += (carried + first) * planes.size
            planes = planes._replace(channels=grown)
        return total + head_work((planes.channels + num_columns, *self.hidden, num_outputs))
