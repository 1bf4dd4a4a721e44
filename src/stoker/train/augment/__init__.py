"""Augmentations of whole batches of tensors, as steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Augmentation(Step, ABC):
    """A random change of training images that leaves their meaning alone.

    Promise: shape and dtype stay, the input is not written to, every sample draws its own
    parameters, and
    equal generator states give equal results.
    """

    @abstractmethod
    def augment(self, image_NCHW: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of uint8 images."""
