"""How good a network is on the validation part, as numbers that decide.

An epoch is judged by what its answers show at a glance (accuracy of classes, root mean squared
error of numbers), ties by the loss.  The loss here is the task's own and has neither class weights
nor label smoothing, so that runs with different settings can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from stoker.cells.ragged import Rows, rows_at
from stoker.networks.preparing import tensors_of
from stoker.train.losses import loss_of
from stoker.train.network_output import output_rows

if TYPE_CHECKING:
    from stoker.answers import Answers
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask
    from stoker.train.state import History


def validation_score(
    network: nn.Module, validation: PreparedSet, task: FittedTask
) -> dict[str, float]:
    """`validation_loss`, and `validation_accuracy` or what else answers show at a glance."""
    output, target = output_rows(network, validation), validation.target
    loss = loss_of(task)(_tensors(output), _tensors(target))
    shown = task.answers(output, target).at_a_glance()
    return {"validation_loss": float(loss), f"validation_{task.gives.glance}": shown}


def _tensors(rows: Rows) -> Any:
    """Copies, as torch takes no memory that may not be written to."""
    return tensors_of(rows_at(rows, np.arange(len(rows))))


def rank(record: dict[str, Any], gives: type[Answers]) -> tuple[float, float]:
    """A key that is smaller for a better epoch.

    >>> from stoker.answers.classes import ClassAnswers
    >>> good = {"validation_accuracy": 0.9, "validation_loss": 0.3}
    >>> rank(good, ClassAnswers) < rank({**good, "validation_loss": 0.4}, ClassAnswers)
    True
    """
    shown = record[f"validation_{gives.glance}"]
    return (-shown if gives.glance_rises else shown, record["validation_loss"])


def best_epoch(history: History, gives: type[Answers]) -> int:
    """Position of the best record, the first of equals.

    >>> from stoker.answers.numbers import NumberAnswers
    >>> history = [{"validation_rmse": r, "validation_loss": r} for r in (3.0, 1.0, 1.0)]
    >>> best_epoch(history, NumberAnswers)
    1
    """
    return min(range(len(history)), key=lambda i: rank(history[i], gives))
