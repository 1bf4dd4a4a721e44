"""The network of a bundle again, ready to learn further: for pruning, distilling, continuing.

What answers is the graph; the weights beside it are those of the module that it was exported from,
and the step that built the module stands in `bundle.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors.torch import load

from stoker.bundle.write import WEIGHTS_FILE
from stoker.core.errors import ArtifactError
from stoker.core.steps import make_step, step_name
from stoker.models import Model, Network

if TYPE_CHECKING:
    from torch import nn

    from stoker.bundle.read import Bundle


def network_of(bundle: Bundle) -> nn.Module:
    """A fresh module with the weights of the bundle.

    Raises:
        ArtifactError: If its model is no network, or its weights are others (a compressed graph's).
    """
    step = make_step("stoker.models", bundle.model["step"], Model)
    if not isinstance(step, Network):
        raise ArtifactError(
            f"{step_name(step)} is no network and cannot learn further",
            expected="a bundle of a network such as mlp or cnn",
        )
    with torch.random.fork_rng(devices=[]):
        network = step.build(bundle.interface.inputs, bundle.interface.task.output.width)
    try:
        network.load_state_dict(load(bundle.read(WEIGHTS_FILE)))
    except RuntimeError as error:
        raise ArtifactError(
            f"the weights of {bundle.folder} are not those of {step_name(step)}: "
            f"{str(error).splitlines()[0]}",
            expected="a bundle as training wrote it",
        ) from None
    return network
