"""A recurrent network that reads texts token by token, in one direction or both.

It is trained from nothing and sees the order of words, which a `bag` sees in runs of three at most.
Numbers, categories, times and pictures beside the text join its vector under one head.

Cost: a step of 32 texts of 110 tokens takes about 0.06 s on one core at the defaults. Where the
subject decides, a `bag` is the one to beat: on R8 it was (docs/log.md).

Source: Cho et al. 2014 (GRU), https://arxiv.org/abs/1406.1078; Hochreiter & Schmidhuber 1997
(LSTM), https://doi.org/10.1162/neco.1997.9.8.1735; both directions: Schuster & Paliwal 1997,
https://doi.org/10.1109/78.650093
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from stoker.models import Habits
from stoker.models._text_network import TextNetwork

if TYPE_CHECKING:
    from torch import nn

    from stoker.features import FittedFeature, TokenIds
    from stoker.networks.rnn import RnnShape
    from stoker.networks.token_network import Reader


class Rnn(TextNetwork):
    """A recurrent network over the tokens of a text."""

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 1, "good": 3, "best": 6},
        batch_size=32,
        rate=6e-3,
        weight_decay=0.01,
        ema=None,
        patience=3,
        clips_tables=1.0,
    )

    cell: Literal["gru", "lstm"] = "lstm"
    """What carries the text so far; `gru` has three quarters of the weights of `lstm`, but takes
    longer to train on a CPU."""
    width: Annotated[int, Field(ge=1, le=4096)] = 64
    """Numbers of a token's vector, and of what a direction carries."""
    depth: Annotated[int, Field(ge=1, le=2)] = 1
    """Layers, each of which reads what the one before it carried."""
    bidirectional: bool = True
    """Whether texts are read from both ends."""
    pooling: Literal["mean", "max"] = "max"
    """How the states of a text become one vector: the largest of each number, or their mean."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """A fresh recurrent network."""
        from stoker.networks.rnn import build

        return build(features, num_outputs, shape=self._shape(), hidden=self.hidden)

    def reader(self, tokens: TokenIds) -> Reader:
        """What reads a column token by token."""
        from stoker.networks.rnn import Recurrent

        return Recurrent(tokens, self._shape())

    def _shape(self) -> RnnShape:
        from stoker.networks.rnn import RnnShape

        return RnnShape(
            cell=self.cell,
            width=self.width,
            depth=self.depth,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            pooling=self.pooling,
            max_length=self.max_length,
        )
