"""Mirror half of the images.

Left and right mean nothing in most photographs, and everything in letters, digits and arrows: it is
never chosen by a preset.

Cost: one pass over the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from stoker.train.augment import ImageAugmentation

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Flip(ImageAugmentation):
    """Mirror each image with a chance of one half."""

    direction: Literal["horizontal", "vertical"] = "horizontal"
    """Horizontal swaps left and right, vertical swaps top and bottom."""

    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Each image, mirrored or not."""
        import torch

        mirrored = image_NCHW.flip(3 if self.direction == "horizontal" else 2)
        chosen_N = torch.rand(len(image_NCHW), generator=generator) < 0.5
        return torch.where(chosen_N[:, None, None, None], mirrored, image_NCHW)
