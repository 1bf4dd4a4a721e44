"""Cut a random rectangle out of each image and enlarge it to the full size.

The network learns parts and sizes instead of places.  Good for photographs, harmful where the
frame itself means something (a digit cut in half).

Cost: one bilinear resampling, about 12 ns per pixel and thread.

Source: Szegedy et al. 2015, "Going Deeper with Convolutions", https://arxiv.org/abs/1409.4842
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.train.augment import ImageAugmentation

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Crop(ImageAugmentation):
    """Enlarge a random part of each image."""

    smallest: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Least share of each side that stays; sides are drawn one by one, so shapes stretch too."""

    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """A part of each image at full size."""
        import torch

        from stoker.train.augment._warp import uniform, warp

        num_rows, _, height, width = image_NCHW.shape
        across_N = uniform(num_rows, self.smallest, 1, generator)
        down_N = uniform(num_rows, self.smallest, 1, generator)
        left_N = uniform(num_rows, -0.5, 0.5, generator) * (1 - across_N) * (width - 1)
        top_N = uniform(num_rows, -0.5, 0.5, generator) * (1 - down_N) * (height - 1)
        none_N = torch.zeros_like(across_N)
        rows = [across_N, none_N, left_N, none_N, down_N, top_N]
        return warp(image_NCHW, torch.stack(rows, 1).view(-1, 2, 3))
