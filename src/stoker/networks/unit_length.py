"""Vectors of length 1, as a head: their product is their cosine."""

from __future__ import annotations

from torch import Tensor, nn

_SHORTEST = 1e-12


class UnitLength(nn.Module):
    """What comes in, divided by its length."""

    def forward(self, vector_ND: Tensor) -> Tensor:
        """(N, D); a vector of length 0 stays as it is."""
        length_N1 = vector_ND.square().sum(1, keepdim=True).sqrt()
        return vector_ND / length_N1.clamp_min(_SHORTEST)
