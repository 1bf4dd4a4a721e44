"""A torch module as one ONNX graph with an input for each column, two for rows of any length.

It is torch's older exporter (`dynamo=False`): it takes a third of a second where the newer one
takes a minute for a small net, and it folds constants the same way each time, so equal networks
give equal bytes.  torch announces its end; when it goes, only this file changes.

Cost: 0.3 s for a small net, and its weights twice in memory.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from stoker.networks.graph_names import (
    OFFSETS,
    OUTPUT,
    ROWS,
    graph_dtype,
    graph_input,
    offsets_input,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from stoker.features import Form

OPSET = 20
"""Version of the ai.onnx operators."""

_EXAMPLE_ROWS = 2
_EXAMPLE_OFFSETS = (0, 1, 3)
_KNOWN_WARNINGS = {
    "You are using the legacy TorchScript-based ONNX export": DeprecationWarning,
    "The feature will be removed. Please remove usage of this function": DeprecationWarning,
    # Of uneven padding, whose constants the runtime folds when it loads the graph.
    "Constant folding - Only steps=1 can be constant folded": UserWarning,
}


def export(network: nn.Module, columns: Mapping[str, Form]) -> bytes:
    """The ONNX graph of a network in evaluation mode, with a dynamic number of rows.

    Args:
        network: Takes a mapping from column to tensor, or to a `RaggedTensor` for rows of any
            length, and gives (N, K), or outputs of each token.  Left as it was.
        columns: Type and shape of each column's tensor.

    Returns:
        The serialised model; equal networks give equal bytes.
    """
    import torch

    axes: dict[str, str] = {}
    example: list[Tensor] = []
    for name, form in columns.items():
        name_in, dtype = graph_input(name), graph_dtype(form.dtype)
        axes[name_in] = f"values of {name_in}" if form.ragged else ROWS
        size = _EXAMPLE_OFFSETS[-1] if form.ragged else _EXAMPLE_ROWS
        example.append(torch.from_numpy(np.zeros((size, *form.shape), dtype)))
        if form.ragged:
            axes[offsets_input(name_in)] = OFFSETS
            example.append(torch.tensor(_EXAMPLE_OFFSETS))
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # Known, and decided above: the older exporter is to go one day.
        for message, kind in _KNOWN_WARNINGS.items():
            warnings.filterwarnings("ignore", message, kind)
        torch.onnx.export(
            _positional(network, columns),
            tuple(example),
            cast("Any", buffer),  # a file works; the annotation names paths only
            dynamo=False,
            opset_version=OPSET,
            input_names=list(axes),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: axis} for name, axis in {**axes, OUTPUT: ROWS}.items()},
        )
    return buffer.getvalue()


def _positional(network: nn.Module, columns: Mapping[str, Form]) -> nn.Module:
    """A copy of the network in evaluation mode that takes its inputs one by one."""
    from torch import nn

    from stoker.networks.preparing import RaggedTensor

    class Positional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = copy.deepcopy(network)

        def forward(self, *tensors: Tensor) -> Tensor:
            left = iter(tensors)
            output = self.network(
                {
                    name: RaggedTensor(next(left), next(left)) if form.ragged else next(left)
                    for name, form in columns.items()
                }
            )
            return output.values if isinstance(output, RaggedTensor) else output

    return Positional().eval()


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, as arrays on the CPU."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
