"""A running average of the weights (EMA): calmer than the weights themselves, and often better.

The decay grows with the steps, `min(decay, (1 + step) / (10 + step))`, so that random first weights
are soon forgotten.  Running statistics of batch norms are averaged like weights; whole numbers are
copied.

Cost: one pass over the weights at each step, and a second copy of the model.

Source: Tarvainen & Valpola 2017, "Mean teachers", https://arxiv.org/abs/1703.01780
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """A second network that follows the first."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start from the network's present weights."""
        self.network = copy.deepcopy(network).requires_grad_(requires_grad=False)
        self._decay = decay
        self._own = list(self.network.state_dict(keep_vars=True).values())
        self._other = list(network.state_dict(keep_vars=True).values())
        floating = [i for i, tensor in enumerate(self._own) if tensor.is_floating_point()]
        self._own_floating = [self._own[i] for i in floating]
        self._other_floating = [self._other[i] for i in floating]

    def update(self, step: int) -> None:
        """Follow after optimiser step `step`, counted from 0."""
        with torch.no_grad():
            move = get_ema_multi_avg_fn(min(self._decay, (1 + step) / (10 + step)))
            move(self._own_floating, self._other_floating, None)

    def finish(self) -> nn.Module:
        """The averaged network, its whole numbers brought up to date."""
        with torch.no_grad():
            for own, other in zip(self._own, self._other, strict=True):
                if not own.is_floating_point():
                    own.copy_(other)
        return self.network
