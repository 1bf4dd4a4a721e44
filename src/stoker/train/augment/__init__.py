"""Augmentations of whole batches of tensors, as steps.

There are two kinds.  An `ImageAugmentation` changes each picture by itself and leaves its target
alone.  A `MixingAugmentation` blends rows with each other, so it must blend their targets in the
same shares: it draws a `Mix`, which is then applied to every image column and to the target.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Augmentation(Step, ABC):
    """Anything that may stand under `train.augment`."""


class ImageAugmentation(Augmentation, ABC):
    """A random change of training images that leaves their meaning alone.

    Promise: shape and dtype stay, the input is not written to, every sample draws its own
    parameters, and equal generator states give equal results.
    """

    @abstractmethod
    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of uint8 images."""


@dataclass(frozen=True)
class Mix:
    """Which rows are blended with which, and how much stays of the first."""

    partner_N: Tensor
    """int64: the row that each row is blended with; a permutation."""
    share_N: Tensor
    """float32 in [0.5, 1]: how much of the row itself stays."""

    def images(self, image_NCHW: Tensor) -> Tensor:
        """Blended uint8 images, rounded."""
        share = self.share_N[:, None, None, None]
        own = image_NCHW.float()
        return own.mul(share).addcmul_(own[self.partner_N], 1 - share).round_().byte()

    def targets(self, target_N: Tensor, num_outputs: int) -> Tensor:
        """Blended targets: shares of classes (N, num_outputs) for codes, else blended values."""
        if target_N.ndim > 1 or target_N.is_floating_point():
            share = self.share_N.reshape(-1, *[1] * (target_N.ndim - 1))
            own = target_N.float()
            return own * share + own[self.partner_N] * (1 - share)
        blended_NK = self.share_N.new_zeros(len(target_N), num_outputs)
        blended_NK.scatter_(1, target_N[:, None], self.share_N[:, None])
        other_N1 = target_N[self.partner_N][:, None]
        return blended_NK.scatter_add_(1, other_N1, 1 - self.share_N[:, None])


class MixingAugmentation(Augmentation, ABC):
    """A blend of rows with each other, and of their targets in the same shares.

    Promise: the shares of each blended target sum to 1, every row draws its own share, and equal
    generator states give equal results.  Only for models whose inputs are all images: half a
    category means nothing.
    """

    @abstractmethod
    def draw(self, num_rows: int, generator: torch.Generator) -> Mix:
        """Partners and shares for `num_rows` rows."""
