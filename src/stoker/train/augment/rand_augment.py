"""A few random changes of each image out of fourteen, all equally strong.

One number says how strong, so there is nothing to search: `magnitude` of 30 for each change; which
ones, is drawn anew for every image.  Among them are turns, shears and moves, and changes of light,
contrast, colour and sharpness; one leaves the image as it is.  Made for photographs; much of it is
harmful where colour or place is the meaning.

Colour is changed where there are three channels, and is otherwise left as it is.

Cost: a pass over the bytes for each operation, for the third of the images that are turned, sheared
or moved a bilinear resampling of about 12 ns per pixel and thread.

Source: Cubuk et al. 2020, "RandAugment: Practical automated data augmentation with a reduced search
space", https://arxiv.org/abs/1909.13719
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.train.augment import ImageAugmentation

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_STRONGEST = 30
_TURN, _SHEAR, _MOVE, _LIGHT, _BITS = 0.5236, 0.3, 0.45, 0.9, 4
"""At the strongest: radians, slope, share of a side, share of the change to black or grey, bits."""
_GREY = (0.299, 0.587, 0.114)


class RandAugment(ImageAugmentation):
    """Change each image in a few random ways."""

    operations: Annotated[int, Field(ge=1, le=14)] = 2
    """Changes of each image, one after the other."""

    magnitude: Annotated[int, Field(ge=0, le=_STRONGEST)] = 9
    """How strong each of them is, 30 at the most."""

    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """Each image through changes of its own."""
        import torch

        changed_NCHW = image_NCHW.clone()
        for _ in range(self.operations):
            drawn_N = torch.randint(len(OPERATIONS), (len(image_NCHW),), generator=generator)
            side_N = torch.randint(2, (len(image_NCHW),), generator=generator) * 2.0 - 1
            for code, operation in enumerate(OPERATIONS):
                index = (drawn_N == code).nonzero()[:, 0]
                if len(index):
                    strength_N = side_N[index] * (self.magnitude / _STRONGEST)
                    changed_NCHW[index] = operation(changed_NCHW[index], strength_N)
        return changed_NCHW


Operation = Callable[["Tensor", "Tensor"], "Tensor"]
"""uint8 images, and the strength of each in [-1, 1], to changed images."""


def same(image_NCHW: Tensor, _: Tensor) -> Tensor:
    """As it is."""
    return image_NCHW


def rotate(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """By up to 30 degrees."""
    angle_N = strength_N * _TURN
    cosine_N, sine_N = angle_N.cos(), angle_N.sin()
    return _warped(image_NCHW, cosine_N, -sine_N, 0, sine_N, cosine_N, 0)


def shear_x(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Rows slide over each other."""
    return _warped(image_NCHW, 1, strength_N * _SHEAR, 0, 0, 1, 0)


def shear_y(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Columns slide along each other."""
    return _warped(image_NCHW, 1, 0, 0, strength_N * _SHEAR, 1, 0)


def move_x(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Sideways."""
    return _warped(image_NCHW, 1, 0, strength_N * _MOVE * image_NCHW.shape[3], 0, 1, 0)


def move_y(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Up or down."""
    return _warped(image_NCHW, 1, 0, 0, 0, 1, strength_N * _MOVE * image_NCHW.shape[2])


def brightness(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Darker or brighter."""
    return _blended(image_NCHW, image_NCHW.new_zeros(1, 1, 1, 1).float(), strength_N)


def contrast(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Nearer to or further from the image's mean grey."""
    mean_N111 = _grey(image_NCHW).mean((1, 2, 3), keepdim=True)
    return _blended(image_NCHW, mean_N111, strength_N)


def colour(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Paler or more colourful."""
    if image_NCHW.shape[1] != len(_GREY):
        return image_NCHW
    return _blended(image_NCHW, _grey(image_NCHW), strength_N)


def sharpness(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """Smoother or sharper."""
    from torch.nn import functional

    framed = functional.pad(image_NCHW.float(), (1, 1, 1, 1), mode="replicate")
    smooth = functional.avg_pool2d(framed, 3, stride=1)
    return _blended(image_NCHW, smooth, strength_N)


def posterize(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """The lowest bits are cleared, up to four."""
    step_N111 = 2 ** (strength_N.abs() * _BITS).round().int()[:, None, None, None]
    return (image_NCHW // step_N111 * step_N111).byte()


def solarize(image_NCHW: Tensor, strength_N: Tensor) -> Tensor:
    """The brightest pixels are inverted, all of them at the strongest."""
    limit_N111 = (255 * (1 - strength_N.abs()))[:, None, None, None]
    return image_NCHW.where(image_NCHW <= limit_N111, 255 - image_NCHW)


def autocontrast(image_NCHW: Tensor, _: Tensor) -> Tensor:
    """The darkest pixel of each channel becomes black, the brightest white."""
    low = image_NCHW.amin((2, 3), keepdim=True).float()
    width = image_NCHW.amax((2, 3), keepdim=True).float() - low
    spread = ((image_NCHW.float() - low) * (255 / width.clamp_min(1))).round_().byte()
    return spread.where(width > 0, image_NCHW)


def equalize(image_NCHW: Tensor, _: Tensor) -> Tensor:
    """Every brightness of a channel becomes about as frequent as any other."""
    import torch

    flat_MP = image_NCHW.flatten(2).flatten(0, 1).long()
    count_ML = torch.zeros(len(flat_MP), 256, dtype=torch.int64)
    count_ML.scatter_add_(1, flat_MP, torch.ones_like(flat_MP))
    below_ML = count_ML.cumsum(1)
    first_M1 = below_ML.gather(1, flat_MP.amin(1, keepdim=True))
    rest_M1 = flat_MP.shape[1] - first_M1
    level_ML = (below_ML - first_M1).clamp_min(0) * 255 // rest_M1.clamp_min(1)
    even_MP = level_ML.gather(1, flat_MP).where(rest_M1 > 0, flat_MP)
    return even_MP.byte().view(image_NCHW.shape)


OPERATIONS: tuple[Operation, ...] = (
    *(same, rotate, shear_x, shear_y, move_x, move_y, brightness),
    *(contrast, colour, sharpness, posterize, solarize, autocontrast, equalize),
)
"""What is drawn from; all equally likely."""


def _warped(image_NCHW: Tensor, *entries: Tensor | float) -> Tensor:
    """Images through one matrix of 2 rows and 3 columns each, given row by row."""
    import torch

    from stoker.train.augment._warp import warp

    columns = [torch.as_tensor(entry).expand(len(image_NCHW)).float() for entry in entries]
    return warp(image_NCHW, torch.stack(columns, 1).view(-1, 2, 3))


def _blended(image_NCHW: Tensor, other: Tensor, strength_N: Tensor) -> Tensor:
    """Nearer to `other` where the strength is below 0, further from it where it is above."""
    share_N111 = 1 + (strength_N * _LIGHT)[:, None, None, None]
    blended = other + (image_NCHW.float() - other) * share_N111
    return blended.round_().clamp_(0, 255).byte()


def _grey(image_NCHW: Tensor) -> Tensor:
    """How bright each place looks, (N, 1, H, W)."""
    import torch

    if image_NCHW.shape[1] != len(_GREY):
        return image_NCHW.float().mean(1, keepdim=True)
    weight_C11 = torch.tensor(_GREY, device=image_NCHW.device)[:, None, None]
    return (image_NCHW.float() * weight_C11).sum(1, keepdim=True)
