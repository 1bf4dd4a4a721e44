"""Darken each picture by a share of its own, as bad light does."""

from stoker.train.augment import ImageAugmentation


class Dim(ImageAugmentation):
    """Less light."""

    most: float = 0.5
    """Largest share of the light that is taken."""

    def augment(self, image_NCHW, generator):
        """Darker copies."""
        import torch

        taken_N = self.most * torch.rand(len(image_NCHW), generator=generator)
        return (image_NCHW * (1 - taken_N)[:, None, None, None]).round().byte()
