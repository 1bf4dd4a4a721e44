"""How good a network is on the validation part, as numbers that decide.

`classify` is judged by accuracy (ties by loss), `regress` by the root mean squared error in the
target's own unit.  The loss here has neither class weights nor label smoothing, so that runs with
different settings can be compared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from stoker.tasks.regress import FittedRegress
from stoker.train.network_output import outputs

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask
    from stoker.train.state import History


def validation_score(
    network: nn.Module, validation: PreparedSet, task: FittedTask
) -> dict[str, float]:
    """`validation_loss`, and `validation_accuracy` or `validation_rmse`."""
    output_NK = torch.from_numpy(outputs(network, validation))
    target_N = torch.from_numpy(np.array(validation.target))
    loss = float(task.loss(output_NK, target_N, weight_K=None, label_smoothing=0.0))
    if target_N.is_floating_point():
        scale = task.std if isinstance(task, FittedRegress) else 1.0
        squared = (output_NK[:, 0].double() - target_N.double()).square().mean()
        return {"validation_loss": loss, "validation_rmse": math.sqrt(float(squared)) * scale}
    right = (output_NK.argmax(1) == target_N).double().mean()
    return {"validation_loss": loss, "validation_accuracy": float(right)}


def rank(record: dict[str, Any]) -> tuple[float, float]:
    """A key that is smaller for a better epoch.

    >>> good = {"validation_accuracy": 0.9, "validation_loss": 0.3}
    >>> rank(good) < rank({"validation_accuracy": 0.9, "validation_loss": 0.4})
    True
    """
    if "validation_accuracy" in record:
        return (-record["validation_accuracy"], record["validation_loss"])
    return (record["validation_rmse"], record["validation_loss"])


def best_epoch(history: History) -> int:
    """Position of the best record, the first of equals.

    >>> best_epoch([{"validation_rmse": r, "validation_loss": r} for r in (3.0, 1.0, 1.0)])
    1
    """
    return min(range(len(history)), key=lambda i: rank(history[i]))
