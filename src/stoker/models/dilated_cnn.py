"""Texts read by dilated convolutions from scratch: names and other spans, or classes of texts.

For a target of spans it is what a preset takes, as it is quick to train on a processor.  With
`layers: 0` a token sees itself and, by its pairs, its two neighbours.

Cost: 2 ms of one core for a sentence of 43 characters in training, each time it is seen.

Source: Strubell et al. 2017, https://aclanthology.org/D17-1283
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stoker.models import Habits, TokenReading

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature, TokenIds
    from stoker.networks.token_network import Reader


class DilatedCnn(TokenReading):
    """Convolutions over the tokens of a text."""

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 2, "good": 4, "best": 8},
        batch_size=64,
        rate=3e-3,
        weight_decay=0.01,
        ema=None,
        patience=3,
        moves="none",
    )

    width: Annotated[int, Field(ge=2)] = 128
    """Numbers of a token's vector."""
    layers: Annotated[int, Field(ge=0, le=8)] = 3
    """Convolutions; each reaches twice as far as the one before."""
    pairs: Annotated[int, Field(ge=0)] = 16_384
    """Vectors that pairs of neighbouring tokens share; 0: pairs have none."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of numbers that training leaves out."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """Texts as vectors, beside numbers, categories and pictures, under a linear layer."""
        from torch import nn

        from stoker.networks.columns import ColumnNetwork, Flattened

        return ColumnNetwork(
            features,
            tower=Flattened,
            head=lambda width: nn.Linear(width, num_outputs),
            reader=self.reader,
        )

    def reader(self, tokens: TokenIds) -> Reader:
        """What reads a column."""
        from stoker.networks.dilated import DilatedReader

        return DilatedReader(
            tokens,
            width=self.width,
            layers=self.layers,
            pairs=self.pairs,
            dropout=self.dropout,
        )
