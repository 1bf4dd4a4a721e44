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
from stoker.core.steps import load_stored, step_name
from stoker.models import Model, Network

if TYPE_CHECKING:
    from torch import nn

    from stoker.bundle.read import Bundle


def network_of(bundle: Bundle) -> nn.Module:
    """A fresh module with the weights of the bundle.

    Raises:
        ArtifactError: If its model is no network, or its weights are others (a compressed graph's).
    """
    spec = bundle.model.get("step")
    if spec is None:
        raise ArtifactError(f"{bundle.folder} does not say which model it holds")
    # A file never decides what is imported.
    step = load_stored(spec, Model)
    if not isinstance(step, Network):
        raise ArtifactError(
            f"{step_name(step)} is no network and cannot learn further",
            expected="a bundle of a network such as mlp or cnn",
        )
    with torch.random.fork_rng(devices=[]):
        network = step.build_for(bundle.interface.inputs, bundle.interface.task.output)
    try:
        network.load_state_dict(load(bundle.read(WEIGHTS_FILE)))
    except RuntimeError as error:
        raise ArtifactError(
            f"the weights of {bundle.folder} are not those of {step_name(step)}: "
            f"{str(error).splitlines()[0]}",
            expected="a bundle as training wrote it",
        ) from None
    return network
