"""Any mix of columns in one network: encode each, put the vectors side by side, one head on top.

An image column becomes a vector through a tower (a convolutional one, or mere flattening), and so
does a column of tokens (the mean of their vectors, unless a network brings a reader of its own);
numbers and embedded categories join them as they are.  One image column alone gives a plain CNN, a
table alone a plain MLP, both together a hybrid, with no extra concept.

`prepare` and `learn` are apart because training scales many batches at once; `forward` is both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stoker.networks.encoders import (
    Scaled,
    Scaler,
    TableEncoder,
    embedding_width,
    sort_columns,
)
from stoker.networks.periodic import FREQUENCY
from stoker.networks.preparing import PreparingNetwork, Tower
from stoker.networks.ragged import MeanVector

if TYPE_CHECKING:
    from stoker.features import FittedFeature, Pixels, TokenIds


class Flattened(Tower):
    """The pixels themselves, row by row."""

    def __init__(self, image: Pixels) -> None:
        """Count the pixels."""
        super().__init__()
        self.num_features = image.channels * image.height * image.width

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """(N, C*H*W)."""
        return image_NCHW.flatten(1)


class ColumnNetwork(PreparingNetwork):
    """Towers for images and tokens, an encoder for the table, and a head over all of it."""

    def __init__(  # noqa: PLR0913 - the parts of a network, each by its name
        self,
        features: Mapping[str, FittedFeature],
        *,
        tower: Callable[[Pixels], Tower],
        head: Callable[[int], nn.Module],
        reader: Callable[[TokenIds], Tower] | None = None,
        channels_last: bool = False,
        periodic: int = 0,
        frequency: float = FREQUENCY,
    ) -> None:
        """Build the parts in a fixed order, so that equal seeds give equal weights.

        Args:
            features: Fitted features by column, at least one.
            tower: Makes the tower of an image column.
            head: Makes the head for a width of joined vectors.
            reader: Makes the tower of a column of tokens; absent: the mean of their vectors.
            channels_last: Keep images and kernels in the layout that convolutions like.
            periodic: Frequencies at which each number is seen too; 0 for none.
            frequency: Deviation of those that training begins with.
        """
        super().__init__()
        columns = sort_columns(features)
        self.scaler = Scaler(columns, channels_last=channels_last)
        towers = [tower(image) for image in columns.images.values()]
        self.towers = nn.ModuleList(towers)
        readers = [(reader or _bag)(tokens) for tokens in columns.tokens.values()]
        self.readers = nn.ModuleList(readers)
        self.table = TableEncoder(columns.table, periodic=periodic, frequency=frequency)
        width = sum(each.num_features for each in (*towers, *readers)) + self.table.num_features
        self.head = head(width)
        if channels_last:
            for weight in self.parameters():
                if weight.ndim == 4:
                    weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    def prepare(self, raw: Mapping[str, Any]) -> Scaled:
        """The half without weights; see `stoker.networks.encoders`."""
        return self.scaler(raw)

    def learn(self, inputs: Scaled) -> Tensor:
        """The half with weights: outputs (N, num_outputs)."""
        parts = [tower(image) for tower, image in zip(self.towers, inputs.image_NCHW, strict=True)]
        parts += [reader(rows) for reader, rows in zip(self.readers, inputs.tokens, strict=True)]
        parts += self.table(inputs)
        return self.head(parts[0] if len(parts) == 1 else torch.cat(parts, 1))


def _bag(tokens: TokenIds) -> Tower:
    """The mean of vectors that are as wide as those of a category of so many values."""
    return MeanVector(tokens, embedding_width(tokens.num_tokens))
