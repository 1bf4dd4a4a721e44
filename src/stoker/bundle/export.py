"""A trained network as one ONNX graph, and its weights as named arrays.

The graph takes the raw tensors of the features, one input per column, so that scaling and filling
of gaps are inside it and cannot differ between training and serving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

    from stoker.bundle.interface import Interface


def export_network(network: nn.Module, interface: Interface) -> bytes:
    """The ONNX graph of a network in evaluation mode, with a dynamic number of rows.

    Args:
        network: Takes a mapping from column to tensor, gives (N, num_outputs).  Left as it was.
        interface: Says which columns there are, and their types and shapes.

    Returns:
        The serialised model; equal networks give equal bytes.
    """
    from stoker.networks.export import export

    return export(network, {name: (f.dtype, f.shape) for name, f in interface.inputs.items()})


def network_weights(network: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, as arrays on the CPU."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
