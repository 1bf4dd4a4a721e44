"""Resample images along a map of coordinates: the shared part of `rotate` and `crop`.

Bilinear, with the edge pixel repeated outside, because a black frame would teach the network where
the frame was.  Cost: about 12 ns per pixel and thread, the dearest of all augmentations.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def warp(image_NCHW: Tensor, matrix_N23: Tensor) -> Tensor:
    """Images as seen through one affine map each.

    Args:
        image_NCHW: uint8 images.
        matrix_N23: Maps output coordinates to input coordinates, both in pixels from the centre.

    Returns:
        uint8 images of the same shape, rounded to the nearest level.
    """
    height, width = image_NCHW.shape[-2:]
    across = torch.arange(width) - (width - 1) / 2
    down = torch.arange(height) - (height - 1) / 2
    place_HW3 = torch.stack(
        [
            across.expand(height, width),
            down[:, None].expand(height, width),
            torch.ones(height, width),
        ],
        -1,
    )
    half = torch.tensor([max(width - 1, 1) / 2, max(height - 1, 1) / 2])
    source_NP2 = place_HW3.view(-1, 3) @ matrix_N23.transpose(1, 2) / half
    grid = source_NP2.view(-1, height, width, 2)
    seen = F.grid_sample(image_NCHW.float(), grid, padding_mode="border", align_corners=True)
    return seen.round_().byte()


def uniform(size: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """`size` float32 draws from [low, high)."""
    return torch.rand(size, generator=generator).mul_(high - low).add_(low)
