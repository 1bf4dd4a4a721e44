"""Say why training broke, instead of going on with weights that are not numbers.

Losses are looked at a few times a second, not at each step; every loss of the epoch is kept, so the
first bad step is still known exactly, and since a chunk is a pure function of its position the very
rows of that step can be looked at again.

Diverged means: the mean of the last 50 losses is 20 times that of the first 10 of the training.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from stoker.core.errors import TrainingError

if TYPE_CHECKING:
    from stoker.train.batches import Batches
    from stoker.train.state import State

_FIRST, _LAST, _FACTOR = 10, 50, 20.0
_BACK = 16
"""Batches before a bad one that are looked at."""
_HUGE = 1e3
"""A standardised number beyond this is suspect."""


class Watch:
    """Looks at losses now and then, and remembers what normal was."""

    def __init__(self, batches: Batches) -> None:
        """Nothing seen yet."""
        self._batches = batches
        self.gradient_norm = math.nan
        """Length of the gradient when it was last measured."""

    def check(self, state: State, done: int, rate: float) -> None:
        """Raise if the losses so far show that training broke.

        Args:
            state: Where training stands; `first_loss` is filled in when it is known.
            done: How many losses of the running epoch are valid.
            rate: The present learning rate.

        Raises:
            TrainingError: With step, rate, gradient, the columns that look wrong, and what to try.
        """
        seen = state.losses[:done]
        bad = (~torch.isfinite(seen)).nonzero()
        if len(bad):
            batch = int(bad[0])
            first_step = state.step - done + batch + 1
            what = f"the loss is {float(seen[batch])}"
            raise self._error(what, state.epoch, first_step, batch, rate)
        if state.first_loss is None and state.epoch == 0 and done >= _FIRST:
            state.first_loss = float(seen[:_FIRST].mean())
        recent = float(seen[-_LAST:].mean())
        if done >= _LAST and state.first_loss and recent > _FACTOR * state.first_loss:
            what = f"the loss rose from {state.first_loss:.3g} to {recent:.3g}"
            raise self._error(what, state.epoch, state.step, done - 1, rate)

    def _error(self, what: str, epoch: int, step: int, batch: int, rate: float) -> TrainingError:
        strange = self._strange_before(epoch, batch)
        norm = f", gradient length {self.gradient_norm:.3g}" * math.isfinite(self.gradient_norm)
        where = f"{what} at step {step} of epoch {epoch + 1} (rate {rate:.3g}{norm})"
        if strange:
            return TrainingError(
                f"training broke: {where}; {'; '.join(strange)}",
                expected="standardised numbers of some units, and finite losses",
                fix="clean that column (outliers: clip or drop, or log-scale it in the source), "
                "or leave it out of inputs",
            )
        return TrainingError(
            f"training broke: {where}; the inputs of the last batches look normal",
            expected="a loss that falls",
            fix=f"try train.rate {rate / 10:.1g}, train.gradient_clip 1.0, or a schedule with "
            "warm-up",
        )

    def _strange_before(self, epoch: int, batch: int) -> list[str]:
        """What is strange in the batch or in the nearest one before it.

        A huge value often passes with a finite loss, and ruins the weights for the next batch.
        """
        nearest = range(batch, max(-1, batch - _BACK), -1)
        found = (strange_columns(self._batches, epoch, each) for each in nearest)
        return next(filter(None, found), [])


def strange_columns(batches: Batches, epoch: int, batch: int) -> list[str]:
    """Columns with infinite or huge values in one batch, each with its worst row."""
    chunk_number = batches.chunk_of(batch)
    chunk = batches.load(epoch, chunk_number)
    start, stop = chunk.bounds[batch - batches.first_batch(chunk_number)]
    rows = batches.row_ids(epoch, chunk_number)[start:stop]
    named = {**chunk.raw, "the target": chunk.target}
    floating = {
        name: column
        for name, column in named.items()
        if isinstance(column, Tensor) and column.is_floating_point()
    }
    found = []
    for name, column in floating.items():
        value_N = np.abs(np.nan_to_num(column[start:stop].numpy(), nan=0.0, posinf=np.inf))
        worst = int(value_N.reshape(len(rows), -1).max(axis=1).argmax())
        value = float(value_N.reshape(len(rows), -1)[worst].max())
        if value > _HUGE:
            label = name if name == "the target" else f"column {name!r}"
            found.append(f"{label} holds {value:.3g} standard deviations in row {rows[worst]}")
    return found
