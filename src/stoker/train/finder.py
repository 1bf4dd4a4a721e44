"""Find a learning rate by raising it until the loss explodes.

The rate grows by a constant factor at each of some steps on a copy of the network.  The loss first
stays, then falls, then explodes; a good highest rate for a one-cycle schedule lies where it falls
most steeply.  The curve is noisy: it is smoothed with a running mean that is corrected for its
start, and the answer is good to a factor of about three.

Cost: `steps` optimiser steps; nothing is changed.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks",
https://arxiv.org/abs/1506.01186
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from stoker.core.errors import TrainingError
from stoker.core.seeds import derive_seed
from stoker.networks.preparing import tensors_between
from stoker.train.batches import Batches

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask
    from stoker.train.settings import Settings

_SMOOTHING = 0.9
_EXPLODED = 4.0
"""Times the lowest smoothed loss at which the search ends."""
_LOWEST, _HIGHEST = 1e-6, 10.0


@dataclass(frozen=True)
class RateCurve:
    """What the search saw."""

    rate: float
    """The suggestion."""
    rates: tuple[float, ...]
    """Rates tried, rising."""
    losses: tuple[float, ...]
    """Smoothed loss at each of them."""


def find_rate(
    network: nn.Module,
    train: PreparedSet,
    task: FittedTask,
    settings: Settings,
    *,
    seed: int,
    steps: int = 120,
) -> RateCurve:
    """Suggest a highest rate for `settings.optimizer`.

    Args:
        network: Left as it was.
        train: Rows to learn from.
        task: Gives the loss.
        settings: Batch size, optimiser, augmentation; its rate is ignored.
        seed: Source of all randomness.
        steps: Rates to try, from 1e-6 to 10.

    Raises:
        TrainingError: If the loss never fell, at any rate.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "rate finder"))
        rates, losses = _search(network, train, task, settings, (seed, steps))
    smooth = smoothed(losses)
    slopes = [after - before for before, after in pairwise(smooth)]
    lowest = min(range(len(smooth)), key=smooth.__getitem__)
    falling = slopes[: max(1, lowest)]
    if not falling or min(falling) >= 0:
        raise TrainingError(
            f"the loss did not fall at any rate from {_LOWEST:g} to {rates[-1]:.2g}",
            expected="inputs that say something about the target",
            fix="check the target column and the inputs, or try more steps",
        )
    steepest = falling.index(min(falling))
    return RateCurve(rates[steepest], tuple(rates), tuple(smooth))


def _search(
    network: nn.Module,
    train: PreparedSet,
    task: FittedTask,
    settings: Settings,
    seed_steps: tuple[int, int],
) -> tuple[list[float], list[float]]:
    """Rates and raw losses, up to where the loss exploded."""
    seed, steps = seed_steps
    trained = copy.deepcopy(network).train()
    engine = settings.strategy.start(trained, settings.loss_for(task), settings)
    batches = Batches(train, settings, num_outputs=task.output.width, seed=seed)
    growth = (_HIGHEST / _LOWEST) ** (1 / max(1, steps - 1))
    rates: list[float] = []
    losses: list[float] = []
    for position in range(-(-steps // batches.per_epoch) * batches.chunks_per_epoch):
        chunk = batches.load(*divmod(position, batches.chunks_per_epoch))
        inputs, target = engine.load(chunk)
        for start, stop in chunk.bounds:
            rate = _LOWEST * growth ** len(rates)
            loss = engine.step(
                inputs.rows(start, stop),
                tensors_between(target, start, stop),
                rate=rate,
                number=len(rates),
            )
            losses.append(float(loss))
            rates.append(rate)
            if len(rates) == steps or _exploded(losses):
                return rates[: _finite(losses)], losses[: _finite(losses)]
    return rates, losses


def _exploded(losses: list[float]) -> bool:
    return not math.isfinite(losses[-1]) or losses[-1] > _EXPLODED * max(losses[:5])


def _finite(losses: list[float]) -> int:
    """Losses up to the first that is no number."""
    return next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))


def smoothed(losses: list[float]) -> list[float]:
    """A running mean without the pull to zero at its start.

    >>> smoothed([2.0, 2.0])
    [2.0, 2.0]
    """
    mean, result = 0.0, []
    for number, loss in enumerate(losses, 1):
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
        result.append(mean / (1 - _SMOOTHING**number))
    return result
