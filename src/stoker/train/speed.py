"""How fast training was, next to what the machine can do.

The yardstick is a large float32 matrix product, measured here and now with the same threads: no
network gets more out of the processor.  The share of that peak shows how much is lost to memory,
Python and small shapes.

Cost: about 0.05 s, spent only after trainings of a second or more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stoker.networks.linear import LinearLayer
from stoker.networks.preparing import RaggedTensor, RawRows, device_of, moved

if TYPE_CHECKING:
    from stoker.train.batches import Batches

_WORTH_S = 1.0
_SIDE = 768


def speed_of(
    network: nn.Module, batches: Batches, *, steps: int, seconds: float
) -> dict[str, float]:
    """`rows_per_s`, and for longer trainings `gflops`, `peak_gflops` and `share_of_peak`.

    Args:
        network: What was trained.
        batches: What it was trained on.
        steps: Optimiser steps taken in `seconds`.
        seconds: Wall seconds of loading and computing, scores and checkpoints left out.
    """
    if not steps or seconds <= 0:
        return {}
    rows_per_s = batches.mean_rows * steps / seconds
    speed = {"rows_per_s": round(rows_per_s, 1)}
    # What a matrix product takes is measured on the processor.
    if seconds < _WORTH_S or device_of(network).type != "cpu":
        return speed
    gflops = 2 * multiplications(network, first_row(batches)) * rows_per_s / 1e9
    peak = peak_gflops()
    rounded = {"gflops": gflops, "peak_gflops": peak, "share_of_peak": gflops / peak}
    return speed | {name: round(value, 3) for name, value in rounded.items()}


def first_row(batches: Batches) -> dict[str, Tensor | RaggedTensor]:
    """The first row that is trained on, by column."""
    return RawRows(batches.load(0, 0).raw).rows(0, 1).raw


def multiplications(network: nn.Module, row: Mapping[str, Tensor | RaggedTensor]) -> int:
    """Multiplications of a training step per row, in linear, convolution and recurrent layers.

    A layer multiplies once for its output, once for its weights' gradient, and once for its
    input's gradient unless the input is data.

    >>> class Half(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = nn.Linear(3, 2)
    ...     def forward(self, raw):
    ...         return self.layer(raw["x"])
    >>> multiplications(Half(), {"x": torch.ones(1, 3)})
    12
    """
    counted: list[int] = []

    def count(layer: nn.Module, given: tuple[Tensor, ...], output: Any) -> None:
        times = 3 if given[0].requires_grad else 2
        if isinstance(layer, nn.RNNBase):
            numbers = sum(weight.numel() for weight in layer.parameters() if weight.ndim > 1)
            counted.append(times * numbers * given[0].shape[:-1].numel())
        else:
            counted.append(times * output[0].numel() * layer.get_parameter("weight")[0].numel())

    kinds = nn.Linear | nn.Conv2d | nn.RNNBase
    layers = [module for module in network.modules() if isinstance(module, kinds)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    try:
        network.eval()({name: moved(column, device_of(network)) for name, column in row.items()})
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return sum(counted)


def peak_gflops() -> float:
    """Billions of operations a second of a float32 matrix product with the present threads.

    It is the product of a linear layer, which takes the faster one of this processor.
    """
    layer, rows = LinearLayer(_SIDE, _SIDE, bias=False), torch.ones(_SIDE, _SIDE)
    best_s = float("inf")
    with torch.no_grad():
        for _ in range(4):
            begin = time.perf_counter()
            layer(rows)
            best_s = min(best_s, time.perf_counter() - begin)
    return 2 * _SIDE**3 / best_s / 1e9
