"""Embeddings of numbers through waves: sines and cosines at learned frequencies, then a layer each.

A perceptron learns smooth functions of a number first, and steps hardly ever; a few waves of each
number beside it make both easy.  A number x becomes relu(W [sin(2 pi f x), cos(2 pi f x)] + b) with
W, b and the frequencies f of its own ("PLR").

Cost: per row and number 2 * waves * 8 multiplications and as many sines.

Shapes: N rows, P numbers, W waves, D width of what a number becomes.

Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning",
https://arxiv.org/abs/2203.05556
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

FREQUENCY = 0.1
"""Deviation of the first frequencies, in turns per standard deviation of the number."""
_WIDTH = 8


class Periodic(nn.Module):
    """Standardised numbers to vectors, each number by weights of its own."""

    def __init__(self, num_values: int, waves: int, frequency: float) -> None:
        """Draw frequencies and weights.

        Args:
            num_values: Numbers of a row.
            waves: Frequencies of each.
            frequency: Deviation of the frequencies.
        """
        super().__init__()
        self.frequency = nn.Parameter(torch.randn(num_values, waves) * frequency)
        scale = (2 * waves) ** -0.5
        self.weight = nn.Parameter(torch.randn(num_values, 2 * waves, _WIDTH) * scale)
        self.bias = nn.Parameter(torch.zeros(num_values, _WIDTH))
        self.num_features = num_values * _WIDTH

    def forward(self, number_NP: Tensor) -> Tensor:
        """Vectors side by side, (N, P * D)."""
        angle_NPW = 2 * math.pi * number_NP.unsqueeze(2) * self.frequency
        wave_NPW = torch.cat([angle_NPW.sin(), angle_NPW.cos()], 2)
        # Einsum and no MatMul: a compressor would give its three axes scales that no runtime takes.
        vector_NPD = torch.einsum("npw,pwd->npd", wave_NPW, self.weight) + self.bias
        return vector_NPD.relu().flatten(1)
