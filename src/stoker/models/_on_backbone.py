"""What a model on a pretrained backbone is told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stoker.models import Estimator


class OnBackbone(Estimator):
    """A model that begins with the layers of another one."""

    side: Annotated[int, Field(ge=32, le=512)] = 192
    """Height and width in pixels to which pictures are brought; more sees finer, and costs more in
    proportion to its square."""

    path: str | None = None
    """Folder with `model.safetensors`, a backbone of your own with the names of
    `stoker.networks.efficientnet_lite`; absent: the weights from ImageNet."""

    fine_tune: Annotated[int, Field(ge=0, le=5)] = 1
    """How many of its last layers are trained further: 1 is the last convolution, each one more a
    block before it; 0: none. They stay as they were where that is no better on validation rows."""
