"""How many threads and how many steps: settled once, stored in the checkpoint, repeated on resume.

Threads follow from the work of a step (`threads`), steps from the epochs.  Only a budget of time
makes steps depend on how fast the machine is at this moment, so a resumed run must not measure
again: another number of steps would be another schedule.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

from stoker.core import events
from stoker.core.processors import available_cores
from stoker.networks.preparing import tensors_between
from stoker.train.score import validation_score
from stoker.train.speed import first_row, multiplications
from stoker.train.threads import num_threads, threads_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask
    from stoker.train.batches import Batches
    from stoker.train.settings import Settings
    from stoker.train.strategies import Engine

_MARGIN = 0.9
"""Share of the budget that is planned; the rest is for a machine that slows down."""
_PROBE_S = 1.0


@dataclass(frozen=True)
class Plan:
    """What was settled before the first step."""

    threads: int
    """CPU threads."""
    total_steps: int
    """Optimiser steps of the whole training; the schedule stretches over them."""
    score_s: float = 0.0
    """Seconds that a score of the validation part takes, measured only with a budget."""


@dataclass(frozen=True)
class StepTrial:
    """A training to be planned."""

    network: nn.Module
    validation: PreparedSet
    task: FittedTask
    settings: Settings
    batches: Batches

    def start(self, network: nn.Module) -> Engine:
        """An engine for a network like this one."""
        loss = self.settings.loss_for(self.task)
        return self.settings.strategy.start(network, loss, self.settings)


def make_plan(trial: StepTrial, begin: float) -> Plan:
    """Settle threads, and steps by trying some on a copy of the network if there is a budget.

    Args:
        trial: The training.
        begin: `time.perf_counter()` at the moment from which the budget counts.
    """
    settings = trial.settings
    threads = settings.threads or _usual_threads(trial)
    total = settings.epochs * trial.batches.per_epoch
    if settings.budget_s is None:
        return Plan(threads, total)
    with num_threads(threads):
        step_s, score_s = _measure(trial)
    left_s = settings.budget_s - (time.perf_counter() - begin)
    fits = steps_that_fit(left_s, step_s=step_s, score_s=score_s, per_epoch=trial.batches.per_epoch)
    if fits < total:
        events.message(
            f"the budget of {settings.budget_s:.0f} s holds {fits / trial.batches.per_epoch:.2g} "
            f"epochs instead of {settings.epochs} ({step_s * 1000:.2g} ms a step)",
            passing=True,
        )
    return Plan(threads, min(total, fits), score_s)


def _usual_threads(trial: StepTrial) -> int:
    """Threads by the work of a step; says how many, where there is a choice."""
    cores = available_cores()
    if cores == 1:
        return 1
    work = multiplications(trial.network, first_row(trial.batches)) * trial.settings.batch_size
    threads = threads_for(work, cores)
    events.message(f"training on {threads} of {cores} threads; train.threads sets another number")
    return threads


def steps_that_fit(left_s: float, *, step_s: float, score_s: float, per_epoch: int) -> int:
    """Steps that can be taken, with a score after each epoch and at the end; at least 1.

    >>> steps_that_fit(100, step_s=0.1, score_s=0, per_epoch=10)
    900
    >>> steps_that_fit(100, step_s=0.1, score_s=1, per_epoch=10)
    445
    >>> steps_that_fit(0, step_s=0.1, score_s=1, per_epoch=10)
    1
    """
    usable_s = _MARGIN * left_s - score_s
    return max(1, int(usable_s / (step_s + score_s / per_epoch)))


def _trial_step(trial: StepTrial) -> Callable[[], object]:
    """A function that takes one optimiser step on a copy, over and over on the first chunk."""
    engine = trial.start(copy.deepcopy(trial.network))
    chunk = trial.batches.load(0, 0)
    inputs, target = engine.load(chunk)
    bounds = cycle(chunk.bounds)

    def step() -> object:
        start, stop = next(bounds)
        rate = trial.settings.rate / 1000
        loss = engine.step(
            inputs.rows(start, stop), tensors_between(target, start, stop), rate=rate, number=0
        )
        # A GPU is asked and not waited for; a number is.
        return float(loss)

    return step


def _measure(trial: StepTrial) -> tuple[float, float]:
    """Seconds of a step, its share of loading included, and of scoring the validation part."""
    step = _trial_step(trial)
    step()
    begin = time.perf_counter()
    count = 0
    while time.perf_counter() - begin < _PROBE_S and count < 100:
        step()
        count += 1
    step_s = (time.perf_counter() - begin) / max(1, count)
    begin = time.perf_counter()
    chunk = trial.batches.load(0, 0)
    load_s = (time.perf_counter() - begin) / len(chunk.bounds)
    begin = time.perf_counter()
    validation_score(copy.deepcopy(trial.network), trial.validation, trial.task)
    return step_s + load_s, time.perf_counter() - begin
