"""A plain convolutional network for small pictures.

Stages of 3x3 convolutions, each with batch norm and activation; every stage halves the picture by
pooling and doubles the channels, until about 4 pixels are left on the shorter side.  What is left
is flattened, because where a stroke lies matters in small pictures.  Pictures from 48 pixels on are
first reduced by strided convolutions: neighbours say much the same.  On 64x64 emoji that is 2.4
times faster at an equal score (docs/log.md).

Numbers and categories in the same recipe join the pictures' vectors in front of the head.

Cost: for 28x28 grey pictures and width 32 about 24 million multiplications a picture; convolutions
run channels-last, which is a fifth faster on CPUs from 16 channels up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stoker.models import Habits
from stoker.models._layered import Layered
from stoker.networks.stages import KERNEL, Planes, Shape, head_work, num_stages, strided

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature


class Cnn(Layered):
    """Convolutions, pooling, and a small head."""

    needs_pictures = True
    habits: ClassVar[Habits] = Habits(rate=0.004)

    width: Annotated[int, Field(ge=1, le=1024)] = 32
    """Channels of the first stage; each further stage doubles them, up to four times this."""

    depth: Annotated[int, Field(ge=1, le=8)] = 1
    """Convolutions in each stage."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = (128,)
    """Widths of the head's hidden layers."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh convolutional network."""
        from stoker.networks.cnn import build

        return build(
            features,
            num_outputs,
            width=self.width,
            depth=self.depth,
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
        for stage in range(num_stages(min(planes.height, planes.width))):
            grown = self.width * min(4, 2**stage)
            for _ in range(self.depth):
                total += KERNEL * planes.channels * grown * planes.size
                planes = planes._replace(channels=grown)
            if min(planes.height, planes.width) > 1:
                planes = Planes(planes.channels, planes.height // 2, planes.width // 2)
        width = planes.channels * planes.size + num_columns
        return total + head_work((width, *self.hidden, num_outputs))
