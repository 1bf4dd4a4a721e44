"""Rows of any length inside a network, and inside its graph.

A column of tokens reaches a network as values end to end and offsets, from the memory map as from
a request.  What a network makes of them it builds from these functions, which are all that was
found to become a graph rightly: torch's older exporter loses the sum of `index_add` and
`index_put(accumulate=True)` without a word, and has no form for `repeat_interleave` (torch 2.13).

Cost: padding is the longest row times the rows, so what asks many rows asks those of like length
together (`stoker.cells.ragged.alike`).

Shapes: N rows, V values of all rows, L values of the longest row, E width of a vector.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stoker.features import TokenIds
from stoker.networks.preparing import RaggedTensor, Tower

Pooling = Literal["mean", "max"]
"""How vectors of the places of a row become one."""


class Padded(NamedTuple):
    """Rows made equally long by zeros behind them."""

    value_NL: Tensor
    """Values; 0 where a row has ended."""
    is_real_NL: Tensor
    """Which values are a row's own."""


def padded(rows: RaggedTensor, most: int | None = None) -> Padded:
    """Rows of equal length, at least 1; nothing of another row stands in the padding.

    Args:
        rows: Rows of any length.
        most: Values of a row that are kept, its first ones; absent: all of them.

    >>> padded(RaggedTensor(torch.tensor([7, 8, 9]), torch.tensor([0, 1, 1, 3]))).value_NL
    tensor([[7, 0],
            [0, 0],
            [8, 9]])
    """
    values, offsets = rows.values, rows.offsets.to(rows.values.device)
    start_N, length_N = offsets[:-1], offsets[1:] - offsets[:-1]
    longest: Any = length_N.max().clamp(1, most)  # a tensor, so that a graph measures it anew
    place_L = torch.arange(longest, device=values.device)
    is_real_NL = place_L < length_N.unsqueeze(1)
    # Position 0 is a zero before all values.
    at_NL = torch.where(is_real_NL, start_N.unsqueeze(1) + place_L + 1, 0)
    with_zero = torch.cat([values.new_zeros((1, *values.shape[1:])), values])
    return Padded(with_zero[at_NL], is_real_NL)


def summed_up(vector_NLE: Tensor, is_real_NL: Tensor, pooling: Pooling) -> Tensor:
    """One vector of each row (N, E): the mean of its places, or the largest of each number.

    Zeros for a row without any place.

    >>> vector_NLE = torch.tensor([[[1.0], [3.0]], [[-2.0], [9.0]], [[5.0], [5.0]]])
    >>> is_real_NL = torch.tensor([[True, True], [True, False], [False, False]])
    >>> [summed_up(vector_NLE, is_real_NL, how).flatten().tolist() for how in ("mean", "max")]
    [[2.0, -2.0, 0.0], [3.0, -2.0, 0.0]]
    """
    if pooling == "mean":
        share_NL = is_real_NL.to(vector_NLE.dtype)
        share_NL = share_NL / share_NL.sum(1, keepdim=True).clamp(min=1)
        return (share_NL.unsqueeze(1) @ vector_NLE).squeeze(1)
    lowest = torch.finfo(vector_NLE.dtype).min
    largest_NE = torch.where(is_real_NL.unsqueeze(2), vector_NLE, lowest).amax(1)
    return torch.where(is_real_NL[:, :1], largest_NE, 0.0)


def of_tokens(vector_NLE: Tensor, rows: RaggedTensor) -> Tensor:
    """Vectors of places as those of the tokens, end to end (V, E).

    Args:
        vector_NLE: Of each place that was read.
        rows: The tokens; those behind the last place that was read have zeros.

    >>> rows = RaggedTensor(torch.tensor([7, 8, 9]), torch.tensor([0, 1, 3]))
    >>> of_tokens(torch.tensor([[[1.0]], [[2.0]]]), rows).flatten().tolist()
    [1.0, 2.0, 0.0]
    """
    is_real_NL = padded(rows).is_real_NL
    unread = is_real_NL.shape[1] - vector_NLE.shape[1]
    return functional.pad(vector_NLE, (0, 0, 0, unread))[is_real_NL]


def mean_vectors(rows: RaggedTensor, vectors: nn.Embedding) -> Tensor:
    """Mean vector (N, E) of each row's ids; zeros for a row without any.

    In torch it is one pass over the ids.  A graph has no such operator but a loop, which bundles do
    not hold; there it is a product of the padded rows with the weight of each place, 30 times
    faster than adding up token by token.
    """
    if not torch.onnx.is_in_onnx_export():
        offsets = rows.offsets.to(rows.values.device)
        return functional.embedding_bag(rows.values, vectors.weight, offsets[:-1], mode="mean")
    value_NL, is_real_NL = padded(rows)
    count_N = is_real_NL.sum(1, keepdim=True).clamp(min=1)
    weight_NL = is_real_NL.to(vectors.weight.dtype) / count_N
    return (weight_NL.unsqueeze(1) @ vectors(value_NL)).squeeze(1)


class MeanVector(Tower):
    """The mean of a row's token vectors."""

    def __init__(self, tokens: TokenIds, width: int) -> None:
        """Random vectors.

        Args:
            tokens: What the column holds.
            width: Numbers of a vector.
        """
        super().__init__()
        self.num_features = width
        self.vectors = nn.Embedding(tokens.num_tokens, width)
        nn.init.normal_(self.vectors.weight, std=width**-0.5)

    def forward(self, rows: RaggedTensor) -> Tensor:
        """(N, width)."""
        return mean_vectors(rows, self.vectors)
