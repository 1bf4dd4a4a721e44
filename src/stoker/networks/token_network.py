"""An output for each token of a column, instead of one for each row.

Shapes: N rows, V tokens of all rows, E width of a vector, K outputs of a token.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from stoker.networks.preparing import PreparingNetwork, RaggedTensor, Tower


class Reader(Tower):
    """A tower of a column of tokens that makes a vector of each token too."""

    num_token_features: int
    """Numbers of that vector."""

    @abstractmethod
    def tokens(self, rows: RaggedTensor) -> Tensor:
        """Vectors of all tokens, end to end, (V, E)."""


class TokenNetwork(PreparingNetwork):
    """A reader, and a linear layer on each of its tokens."""

    def __init__(self, column: str, reader: Reader, num_outputs: int) -> None:
        """A linear layer that answers 0 until it is trained.

        Args:
            column: The column of tokens.
            reader: What makes vectors of them.
            num_outputs: Outputs of a token.
        """
        super().__init__()
        self.column, self.reader = column, reader
        self.head = nn.Linear(reader.num_token_features, num_outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def prepare(self, raw: Mapping[str, Any]) -> RaggedTensor:
        """Tokens as int64."""
        rows = raw[self.column]
        return RaggedTensor(rows.values.long(), rows.offsets)

    def learn(self, inputs: RaggedTensor) -> RaggedTensor:
        """Outputs (V, K), cut into rows as the tokens are."""
        return RaggedTensor(self.head(self.reader.tokens(inputs)), inputs.offsets)
