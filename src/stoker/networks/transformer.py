"""Texts read by attention, trained from nothing, and the network that `transformer` builds of it.

Each layer adds two changes to the vector of each token: what it takes from the others of its text,
and what two linear layers make of that.  Both look at normalised vectors (pre-norm), so deep ones
train without a warm-up of hundreds of steps.  Where a token stands is told by turning its queries
and keys (rotary positions): a product of both then follows their distance alone, and there is no
table of positions that a longer text would leave.

Cost: of a layer 24 E^2 multiplications a token (4 E^2 for queries, keys, values and their sum, the
rest in pairs of linear layers of 4 E, or three of 8/3 E), and 4 L E for the texts beside it.

Shapes: N rows, L places of the longest row, E width, H heads, D = E / H, F half of D.

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; pre-norm: Xiong et al. 2020,
https://arxiv.org/abs/2002.04745; positions: Su et al. 2021, https://arxiv.org/abs/2104.09864; gated
linear layers: Shazeer 2020, https://arxiv.org/abs/2002.05202
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stoker.networks.hybrid import hybrid
from stoker.networks.linear import LinearLayer
from stoker.networks.preparing import RaggedTensor
from stoker.networks.ragged import Padded, Pooling, of_tokens, padded, summed_up
from stoker.networks.token_network import Reader

if TYPE_CHECKING:
    from stoker.features import FittedFeature, TokenIds

Feedforward = Literal["gelu", "swiglu"]

_DEVIATION = 0.02
_SLOWEST = 10_000.0
"""Tokens in which the slowest pair of numbers turns by a radian."""


class TransformerShape(NamedTuple):
    """How a transformer is built."""

    width: int
    depth: int
    heads: int
    feedforward: Feedforward
    dropout: float
    pooling: Pooling
    max_length: int
    """Tokens of a text that are read."""


class Turn(NamedTuple):
    """By how much the pairs of numbers of each place are turned."""

    cos_LF: Tensor
    sin_LF: Tensor


def build(
    features: Mapping[str, FittedFeature],
    num_outputs: int,
    *,
    shape: TransformerShape,
    hidden: tuple[int, ...],
) -> nn.Module:
    """A fresh transformer."""
    return hybrid(
        features,
        num_outputs,
        lambda tokens: Transformed(tokens, shape),
        hidden=hidden,
        dropout=shape.dropout,
    )


class Transformed(Reader):
    """A text as what the vectors of a transformer sum up to, or as the vectors."""

    def __init__(self, tokens: TokenIds, shape: TransformerShape) -> None:
        """Draw the weights."""
        super().__init__()
        self.shape = shape
        self.num_features = self.num_token_features = shape.width
        self.embedding = nn.Embedding(tokens.num_tokens, shape.width)
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        self._initialize()

    def forward(self, rows: RaggedTensor) -> Tensor:
        """(N, width); zeros for a text without any token."""
        text = padded(rows, self.shape.max_length)
        return self.dropout(summed_up(self._read(text), text.is_real_NL, self.shape.pooling))

    def tokens(self, rows: RaggedTensor) -> Tensor:
        """(V, width); zeros for tokens that are not read."""
        return self.dropout(of_tokens(self._read(padded(rows, self.shape.max_length)), rows))

    def _read(self, text: Padded) -> Tensor:
        token_NL, is_real_NL = text
        place_L = torch.arange(token_NL.shape[1], device=token_NL.device)
        # A row without any token looks at its first place, of which nothing is taken.
        seen_N11L = (is_real_NL | (place_L == 0))[:, None, None, :]
        turn = turn_of(place_L, self.shape.width // self.shape.heads)
        hidden_NLE = self.dropout(self.embedding(token_NL))
        for layer in self.layers:
            hidden_NLE = layer(hidden_NLE, seen_N11L, turn)
        return self.norm(hidden_NLE)

    def _initialize(self) -> None:
        """Small everywhere, and smaller where a layer adds to its input, as in GPT-2."""
        nn.init.normal_(self.embedding.weight, std=_DEVIATION)
        for name, weight in self.layers.named_parameters():
            adds = name.endswith(("attention.told.weight", "feedforward.down.weight"))
            if weight.ndim > 1:
                share = (2 * self.shape.depth) ** -0.5 if adds else 1.0
                nn.init.normal_(weight, std=_DEVIATION * share)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)


class _Layer(nn.Module):
    """Attention, then linear layers; each looks at normalised vectors and adds to them."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = _Attention(shape)
        self.feedforward_norm = nn.LayerNorm(shape.width)
        self.feedforward = _Feedforward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, hidden_NLE: Tensor, seen_N11L: Tensor, turn: Turn) -> Tensor:
        told_NLE = self.attention(self.attention_norm(hidden_NLE), seen_N11L, turn)
        hidden_NLE = hidden_NLE + self.dropout(told_NLE)
        made_NLE = self.feedforward(self.feedforward_norm(hidden_NLE))
        return hidden_NLE + self.dropout(made_NLE)


class _Attention(nn.Module):
    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.heads, self.size = shape.heads, shape.width // shape.heads
        self.asked = LinearLayer(shape.width, 3 * shape.width, bias=False)
        self.told = LinearLayer(shape.width, shape.width, bias=False)

    def forward(self, hidden_NLE: Tensor, seen_N11L: Tensor, turn: Turn) -> Tensor:
        query, key, value = (
            part.unflatten(2, (self.heads, self.size)).transpose(1, 2)
            for part in self.asked(hidden_NLE).chunk(3, 2)
        )
        told_NHLD = functional.scaled_dot_product_attention(
            turned(query, turn), turned(key, turn), value, attn_mask=seen_N11L
        )
        return self.told(told_NHLD.transpose(1, 2).flatten(2))


class _Feedforward(nn.Module):
    """Two linear layers with GELU between them, or three with a gate, about as many weights."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.is_gated = shape.feedforward == "swiglu"
        inner = _gated_width(shape.width) if self.is_gated else 4 * shape.width
        self.up = LinearLayer(shape.width, 2 * inner if self.is_gated else inner)
        self.down = LinearLayer(inner, shape.width)

    def forward(self, hidden_NLE: Tensor) -> Tensor:
        inner = self.up(hidden_NLE)
        if not self.is_gated:
            return self.down(functional.gelu(inner))
        gate, value = inner.chunk(2, 2)
        return self.down(functional.silu(gate) * value)


def _gated_width(width: int) -> int:
    """Width between gated linear layers: two thirds of four widths, in steps of 8."""
    return -(-8 * width // 24) * 8


def turn_of(place_L: Tensor, size: int) -> Turn:
    """Turns of places for heads of `size` numbers; the pairs of each are one half apart.

    >>> turn_of(torch.arange(2), 4).sin_LF
    tensor([[0.0000, 0.0000],
            [0.8415, 0.0100]])
    """
    pair_F = torch.arange(size // 2, device=place_L.device)
    angle_LF = place_L.float().unsqueeze(1) * _SLOWEST ** (-2 * pair_F / size)
    return Turn(angle_LF.cos(), angle_LF.sin())


def turned(vector_NHLD: Tensor, turn: Turn) -> Tensor:
    """Vectors turned by their places; their lengths stay."""
    first, second = vector_NHLD.chunk(2, 3)
    return torch.cat(
        [
            first * turn.cos_LF - second * turn.sin_LF,
            first * turn.sin_LF + second * turn.cos_LF,
        ],
        3,
    )
