"""Cover a square of each image, so that no single detail decides.

The square takes the image's own mean colour, which is what an absent detail looks like to a network
that has subtracted means.  Its centre may lie anywhere, so some squares are cut by the edge.

Cost: one pass over the bytes.

Source: DeVries & Taylor 2017, "Improved Regularization of Convolutional Neural Networks with
Cutout", https://arxiv.org/abs/1708.04552
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.train.augment import ImageAugmentation

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Cutout(ImageAugmentation):
    """Cover a random square of each image with its mean colour."""

    size: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Side of the square as a share of the image's shorter side."""

    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Each image with one square covered."""
        import torch

        height, width = image_NCHW.shape[-2:]
        side = max(1, round(self.size * min(height, width)))
        down_NH = _covered(len(image_NCHW), height, side, generator)
        across_NW = _covered(len(image_NCHW), width, side, generator)
        square_N1HW = (down_NH[:, :, None] & across_NW[:, None, :])[:, None]
        mean = image_NCHW.float().mean((2, 3), keepdim=True).round_().byte()
        return torch.where(square_N1HW, mean, image_NCHW)


def _covered(num_rows: int, length: int, side: int, generator: torch.Generator) -> Tensor:
    """Which positions along one axis the square covers, (num_rows, length)."""
    import torch

    from stoker.train.augment._warp import uniform

    first_N1 = uniform(num_rows, -side / 2, length - side / 2, generator).round_()[:, None]
    position = torch.arange(length)
    return (position >= first_N1) & (position < first_N1 + side)
