"""Columns of tokens as vectors, read by a transformer: towers beside those of pictures.

A pretrained encoder was trained on texts with a token before them and one behind; both are put
around each text here, inside the network, so that prepared texts are plain tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stoker.networks.preparing import RaggedTensor
from stoker.networks.ragged import Padded, of_tokens, padded
from stoker.networks.text_encoder import Pooling, TextEncoder, pooled
from stoker.networks.token_network import Reader


class EncodedText(Reader):
    """A text as one vector of a transformer, or as one of each token."""

    def __init__(
        self,
        encoder: TextEncoder,
        *,
        pooling: Pooling = "mean",
        around: tuple[int, int] | None = None,
        learns: int | None = None,
    ) -> None:
        """Keep the encoder.

        Args:
            encoder: What reads the padded tokens.
            pooling: How its vectors become one.
            around: Tokens before and behind each text; absent: none.
            learns: Last layers that learn; 0: none of it does, absent: all of it.
        """
        super().__init__()
        self.encoder, self.pooling, self.around = encoder, pooling, around
        self.num_features = self.num_token_features = encoder.shape.width
        self.longest = encoder.shape.max_length - (0 if around is None else 2)
        if learns is not None:
            encoder.requires_grad_(requires_grad=False)
            for layer in encoder.layers[max(0, encoder.shape.layers - learns) :]:
                layer.requires_grad_(requires_grad=True)

    def forward(self, rows: RaggedTensor) -> Tensor:
        """(N, E); of a longer text the beginning."""
        return pooled(*self._read(padded(rows)), self.pooling)

    def tokens(self, rows: RaggedTensor) -> Tensor:
        """(V, E); those of a longer text that are not read are zeros."""
        hidden_NLE, _ = self._read(padded(rows))
        return of_tokens(hidden_NLE if self.around is None else hidden_NLE[:, 1:-1], rows)

    def _read(self, text: Padded) -> tuple[Tensor, Tensor]:
        """Vectors of all places, and which of them are a text's own."""
        text = Padded(text.value_NL[:, : self.longest], text.is_real_NL[:, : self.longest])
        token_NL, is_real_NL = text if self.around is None else surrounded(text, self.around)
        if self.around is None:  # A text without any token is read as the first one of all.
            is_real_NL = is_real_NL | (torch.arange(is_real_NL.shape[1]) == 0)
        return self.encoder(token_NL.long(), is_real_NL), is_real_NL


def surrounded(text: Padded, around: tuple[int, int]) -> Padded:
    """Padded texts with one token before and one behind each.

    >>> text = Padded(torch.tensor([[7, 8], [9, 0]]), torch.tensor([[True, True], [True, False]]))
    >>> surrounded(text, (1, 2)).value_NL
    tensor([[1, 7, 8, 2],
            [1, 9, 2, 0]])
    """
    before, behind = around
    length_N1 = text.is_real_NL.sum(1, keepdim=True)
    wide_NL = functional.pad(text.value_NL, (1, 1))
    place_L = torch.arange(wide_NL.shape[1], device=wide_NL.device)
    wide_NL = torch.where(place_L == 0, before, wide_NL)
    wide_NL = torch.where(place_L == length_N1 + 1, behind, wide_NL)
    return Padded(wide_NL, place_L <= length_N1 + 1)
