"""A transformer that learns to read from your texts alone.

Each token looks at all others of its text.  It is trained from nothing, so it wants many texts: for
some thousands a `bag` is the one to beat, and an `encoder` that has read millions of others.
Numbers, categories, times and pictures beside the text join its vector under one head.

Cost: a step of 32 texts of 110 tokens takes about 0.23 s on one core at the defaults; memory grows
with the square of the longest text of a batch.

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from stoker.models import Habits
from stoker.models._text_network import TextNetwork

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature, TokenIds
    from stoker.networks.token_network import Reader
    from stoker.networks.transformer import TransformerShape


class Transformer(TextNetwork):
    """A transformer over the tokens of a text, trained from nothing."""

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 1, "good": 2, "best": 4},
        batch_size=32,
        rate=1e-3,
        weight_decay=0.01,
        ema=None,
        patience=3,
        clips_tables=1.0,
    )

    width: Annotated[int, Field(ge=2, le=4096)] = 128
    """Numbers of a token's vector."""
    depth: Annotated[int, Field(ge=1, le=48)] = 2
    """Layers, each with attention and a feed-forward part."""
    heads: Annotated[int, Field(ge=1, le=64)] = 4
    """Ways in which a token looks at others; each has `width / heads` numbers, an even number."""
    feedforward: Literal["gelu", "swiglu"] = "gelu"
    """Linear layers behind attention: two with `gelu` between them, or three with a gate, about as
    many weights."""
    pooling: Literal["mean", "max"] = "mean"
    """How the vectors of a text become one: their mean, or the largest of each number."""

    @model_validator(mode="after")
    def _heads_are_even(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"{self.heads} heads do not share a width of {self.width} in even numbers; use a "
                f"width that {2 * self.heads} divides, such as {self._next_width()}"
            )
        return self

    def _next_width(self) -> int:
        return -(-self.width // (2 * self.heads)) * 2 * self.heads

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh transformer."""
        from stoker.networks.transformer import build

        return build(features, num_outputs, shape=self._shape(), hidden=self.hidden)

    def reader(self, tokens: TokenIds) -> Reader:
        """What reads a column token by token."""
        from stoker.networks.transformer import Transformed

        return Transformed(tokens, self._shape())

    def _shape(self) -> TransformerShape:
        from stoker.networks.transformer import TransformerShape

        return TransformerShape(
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            feedforward=self.feedforward,
            dropout=self.dropout,
            pooling=self.pooling,
            max_length=self.max_length,
        )
