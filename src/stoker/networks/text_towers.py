"""Columns of tokens as vectors, read by a transformer: towers beside those of pictures.

A pretrained encoder was trained on texts with a token before them and one behind; both are put
around each text here, inside the network, so that prepared texts are plain tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stoker.networks.preparing import RaggedTensor, Tower
from stoker.networks.ragged import Padded, padded
from stoker.networks.text_encoder import Pooling, TextEncoder, pooled


class EncodedText(Tower):
    """A text as one vector of a transformer."""

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
        self.num_features = encoder.shape.width
        self.longest = encoder.shape.max_length - (0 if around is None else 2)
        if learns is not None:
            encoder.requires_grad_(requires_grad=False)
            for layer in encoder.layers[max(0, encoder.shape.layers - learns) :]:
                layer.requires_grad_(requires_grad=True)

    def forward(self, rows: RaggedTensor) -> Tensor:
        """(N, E); of a longer text the beginning."""
        text = padded(rows)
        text = Padded(text.value_NL[:, : self.longest], text.is_real_NL[:, : self.longest])
        token_NL, is_real_NL = text if self.around is None else surrounded(text, self.around)
        if self.around is None:  # A text without any token is read as the first one of all.
            is_real_NL = is_real_NL | (torch.arange(is_real_NL.shape[1]) == 0)
        hidden_NLE = self.encoder(token_NL.long(), is_real_NL)
        return pooled(hidden_NLE, is_real_NL, self.pooling)


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
