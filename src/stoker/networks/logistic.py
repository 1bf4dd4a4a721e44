"""The one layer that `logistic` builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stoker.networks.encoders import Scaled, Scaler, sort_columns
from stoker.networks.linear import LinearLayer
from stoker.networks.preparing import PreparingNetwork
from stoker.networks.ragged import MeanVector

if TYPE_CHECKING:
    from stoker.features import FittedFeature


class LinearNetwork(PreparingNetwork):
    """A linear layer over pixels and numbers, a table row per category, a mean one of tokens."""

    def __init__(self, features: Mapping[str, FittedFeature], num_outputs: int) -> None:
        """All weights start at zero: the problem is convex, and nothing has to be broken up."""
        super().__init__()
        columns = sort_columns(features)
        self.scaler = Scaler(columns, channels_last=False)
        pixels = sum(i.channels * i.height * i.width for i in columns.images.values())
        width = pixels + columns.num_numbers
        sizes = [category.num_codes for category in columns.categories.values()]
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        self.bias = nn.Parameter(torch.empty(num_outputs))
        self.linear = LinearLayer(width, num_outputs, bias=False) if width else None
        self.embedding = nn.Embedding(sum(sizes), num_outputs) if sizes else None
        bags = [MeanVector(tokens, num_outputs) for tokens in columns.tokens.values()]
        self.bags = nn.ModuleList(bags)
        self.register_buffer("starts", torch.tensor(starts), persistent=False)
        for weight in self.parameters():
            nn.init.zeros_(weight)

    def prepare(self, raw: Mapping[str, Any]) -> Scaled:
        """The half without weights."""
        return self.scaler(raw)

    def learn(self, inputs: Scaled) -> Tensor:
        """The half with weights."""
        parts = [image.flatten(1) for image in inputs.image_NCHW]
        if inputs.number_NM is not None:
            parts.append(inputs.number_NM)
        output_NK = self.bias
        for bag, rows in zip(self.bags, inputs.tokens, strict=True):
            output_NK = output_NK + bag(rows)
        if self.linear is not None:
            output_NK = output_NK + self.linear(torch.cat(parts, 1))
        if self.embedding is not None and inputs.code_NK is not None:
            output_NK = output_NK + self.embedding(inputs.code_NK + self.starts).sum(1)
        return output_NK
