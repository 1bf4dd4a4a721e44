"""EfficientNet-Lite0 without its classifier: colour pictures to 1,280 numbers each.

Inverted residual blocks (1x1 wide, depthwise, 1x1 narrow) with ReLU6 and without
squeeze-and-excite, made for processors without accelerators.  Batch norms are folded into the
convolutions before them, as weights come folded (see `stoker.models._backbone`), so there is
nothing here that behaves differently in training.

TensorFlow trained it, so a strided convolution pads more at the right and lower side; how much
depends on the size of the picture, which is therefore fixed when the network is made.

Cost: 0.39 G multiplications at 224 x 224, in proportion to the pixels; 3.4 M weights.

Source: Tan & Le 2019, "EfficientNet", https://arxiv.org/abs/1905.11946; the Lite variant:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

NUM_FEATURES = 1_280
STAGES = (
    # repeats, kernel, stride, widening, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32


class SameConv(nn.Module):
    """A convolution of square pictures of one size that pads as TensorFlow's SAME does."""

    def __init__(
        self, before: int, after: int, kernel: int, *, side: int, stride: int = 1, groups: int = 1
    ) -> None:
        """Plan the padding for pictures of `side` x `side`."""
        super().__init__()
        self.side = -(-side // stride)
        """Height and width of the answer."""
        whole = max((self.side - 1) * stride + kernel - side, 0)
        self._pads = [whole // 2, whole - whole // 2] * 2
        self.convolution = nn.Conv2d(before, after, kernel, stride, groups=groups)

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Outputs (N, after, side, side)."""
        if any(self._pads):
            image_NCHW = functional.pad(image_NCHW, self._pads)
        return self.convolution(image_NCHW)


class InvertedResidual(nn.Module):
    """One inverted residual block."""

    def __init__(
        self, before: int, after: int, kernel: int, *, side: int, stride: int, widening: int
    ) -> None:
        """Three convolutions, or two where nothing is widened."""
        super().__init__()
        wide = before * widening
        self.expand = SameConv(before, wide, 1, side=side) if widening > 1 else None
        self.depthwise = SameConv(wide, wide, kernel, side=side, stride=stride, groups=wide)
        self.project = SameConv(wide, after, 1, side=self.depthwise.side)
        self.is_residual = stride == 1 and before == after

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """The block's answer, and what came in added where the sizes agree."""
        inner = image_NCHW
        if self.expand is not None:
            inner = functional.relu6(self.expand(inner))
        inner = self.project(functional.relu6(self.depthwise(inner)))
        return inner + image_NCHW if self.is_residual else inner


class EfficientNetLite(nn.Module):
    """The convolutions, and the mean over all places."""

    def __init__(self, side: int) -> None:
        """Random weights for pictures of `side` x `side`; load a state dict of folded ones."""
        super().__init__()
        self.stem = SameConv(3, _STEM, 3, side=side, stride=2)
        blocks, before, side = [], _STEM, self.stem.side
        for repeats, kernel, first_stride, widening, after in STAGES:
            for repeat in range(repeats):
                stride = 1 if repeat else first_stride
                block = InvertedResidual(
                    before, after, kernel, side=side, stride=stride, widening=widening
                )
                blocks.append(block)
                before, side = after, block.project.side
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConv(before, NUM_FEATURES, 1, side=side)

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Vectors (N, 1280) of RGB pictures (N, 3, H, W), float32 from -127/128 to 1."""
        return self.above(self.below(image_NCHW, 1), 1)

    def below(self, image_NCHW: Tensor, count: int) -> Tensor:
        """What enters the last `count` layers: the last convolution, and the blocks before it."""
        inner = functional.relu6(self.stem(image_NCHW))
        for block in [*self.blocks][: len(self.blocks) + 1 - count]:
            inner = block(inner)
        return inner

    def above(self, map_NCHW: Tensor, count: int) -> Tensor:
        """Vectors of what enters the last `count` layers."""
        for layer in self.last(count)[:-1]:
            map_NCHW = layer(map_NCHW)
        return functional.relu6(self.head(map_NCHW)).mean((2, 3))

    def last(self, count: int) -> list[nn.Module]:
        """The last `count` layers: blocks, and the last convolution."""
        return [*self.blocks, self.head][-count:]
