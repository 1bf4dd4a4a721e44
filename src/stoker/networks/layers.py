"""What stands between layers, and how their weights begin; all layered networks share it.

Names alone are at the top, so that a recipe is read without importing torch.

- `relu` is the fastest: a matrix product does it in passing; `gelu` and `silu` are smooth; `tanh`
  and `sigmoid` flatten at both ends, where their gradients vanish, so deep networks learn slowly.
- Weights begin uniform within 1 / sqrt(inputs) as torch draws them unless another way is named:
  `he` keeps the size of values through layers of `relu`, `xavier` through layers of `tanh`,
  `orthogonal` through linear ones exactly; `gaussian` has one small deviation everywhere.

Source: Hendrycks & Gimpel 2016 (gelu), https://arxiv.org/abs/1606.08415; Ramachandran et al. 2017
(silu), https://arxiv.org/abs/1710.05941; He et al. 2015, https://arxiv.org/abs/1502.01852; Glorot &
Bengio 2010 (xavier), https://proceedings.mlr.press/v9/glorot10a.html; Saxe et al. 2014
(orthogonal), https://arxiv.org/abs/1312.6120; Krizhevsky et al. 2012 (gaussian),
https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

ActivationName = Literal["relu", "gelu", "silu", "tanh", "sigmoid"]
"""What a layer's values go through."""
InitializerName = Literal["he", "xavier", "gaussian", "orthogonal"]
"""How the weights of linear layers and convolutions begin."""

_DEVIATION = 0.01
"""Of `gaussian`, as in the first deep network that won ImageNet."""


@dataclass(frozen=True)
class Layers:
    """How the layers of a network are made."""

    activation: ActivationName = "relu"
    """Between them."""
    initializer: InitializerName | None = None
    """How their weights begin; None: as torch draws them."""
    dropout: float = 0.0
    """Share of the values behind hidden linear layers that is set to zero in training."""


def make_activation(name: ActivationName) -> nn.Module:
    """The activation as a module without weights.

    >>> make_activation("silu")
    SiLU()
    """
    from torch import nn

    made = {
        "relu": nn.ReLU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
    }
    return made[name]()


def initialize(network: nn.Module, name: InitializerName | None) -> None:
    """Draw the weights of all linear layers and convolutions anew; their biases begin at 0.

    Args:
        network: Changed in place; norms, embeddings and waves stay as they are.
        name: How; None leaves everything as it is and draws nothing.
    """
    import torch
    from torch import nn

    if name is None:
        return
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            # Drawn row by row, whatever the layout in which the weight lies.
            drawn = torch.empty(layer.weight.shape)
            _draw(drawn, name)
            layer.weight.data.copy_(drawn)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _draw(weight: Tensor, name: InitializerName) -> None:
    from torch.nn import init

    if name == "he":
        init.kaiming_normal_(weight, nonlinearity="relu")
    elif name == "xavier":
        init.xavier_uniform_(weight)
    elif name == "gaussian":
        init.normal_(weight, std=_DEVIATION)
    else:
        init.orthogonal_(weight)
