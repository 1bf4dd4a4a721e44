"""The training loop: epochs of chunks of batches, scored, saved, watched, and stopped in time.

Read it from `train_network` down; one optimiser step is in `step.py`, the order of rows in
`samplers/`, batches in `batches.py`, what a checkpoint holds in `state.py`.

All randomness is a function of (seed, position).  Dropout uses torch's global generator, which is
seeded at each chunk; the caller's generator state is put back at the end.  Checkpoints are written
between chunks only, so a position is (epoch, chunk) and nothing in the middle of one need be saved.

The network that comes back is that of the best epoch on the validation part, not the last one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from stoker.core import events
from stoker.core.canonical import fingerprint
from stoker.core.errors import RecipeError, TrainingError
from stoker.core.seeds import derive_seed
from stoker.networks.preparing import tensors_between
from stoker.train.augment import MixingAugmentation
from stoker.train.batches import Batches
from stoker.train.diagnosis import Watch
from stoker.train.hooks import Hook, StepDone
from stoker.train.plan import Plan, StepTrial, make_plan
from stoker.train.score import best_epoch, validation_score
from stoker.train.speed import speed_of
from stoker.train.state import History, State, copy_weights, load_state, save_state

if TYPE_CHECKING:
    from stoker.core.events import TaskView
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask
    from stoker.train.settings import Settings

_LOOK_EVERY_S = 0.25
_CHECKPOINT_SHARE = 50
"""A checkpoint that takes t seconds is not written again before 50 t have passed."""


@dataclass(frozen=True)
class Trained:
    """What training ends with."""

    network: nn.Module
    """The network with the best epoch's weights (averaged ones with `ema`), in evaluation mode."""
    history: History
    """One record per epoch: epoch, step, rate, train_loss, validation_loss and _accuracy or _rmse.
    No times, so equal trainings give equal histories."""
    seconds: dict[str, float]
    """Wall seconds by what they went to: total, data, forward, backward, optimizer, evaluate,
    checkpoint."""
    steps: int
    """Optimiser steps taken."""
    stopped: str
    """Why it ended: `epochs`, `patience` or `budget`."""
    epoch_seconds: tuple[float, ...]
    """Wall seconds of each epoch, its score included."""
    speed: dict[str, float]
    """threads, rows_per_s and, for trainings of a second or more, gflops, peak_gflops of a matrix
    product on this machine, and share_of_peak."""


def train_network(  # noqa: PLR0913 - seven different things; a bundle of them would hide none
    network: nn.Module,
    train: PreparedSet,
    validation: PreparedSet,
    task: FittedTask,
    settings: Settings,
    *,
    seed: int,
    scratch: Path,
    hooks: Sequence[Hook] = (),
) -> Trained:
    """Train `network` in place, from the beginning or from the checkpoint in `scratch`.

    Args:
        network: Takes a mapping of raw tensors by column, gives (N, output.width).
        train: Rows to learn from.
        validation: Rows to choose the best epoch by.
        task: Gives the loss.
        settings: Everything else.
        seed: Source of all randomness.
        scratch: Folder for checkpoints of this very training; others found there are ignored.
        hooks: Look on and change nothing.

    Returns:
        The trained network, and what happened.

    Raises:
        RecipeError: If the settings do not fit the data.
        TrainingError: If there are no rows, or the loss diverges.
        MachineError: If a checkpoint cannot be written.
    """
    begin = time.perf_counter()
    _check(train, validation, settings)
    with torch.random.fork_rng(devices=[]):
        batches = Batches(train, settings, num_outputs=task.output.width, seed=seed)
        trial = StepTrial(network.train(), validation, task, settings, batches)
        training = _Training(trial, seed=seed, scratch=scratch, begin=begin, hooks=hooks)
        with ExitStack() as stack:
            for hook in hooks:
                stack.callback(hook.end)
            return training.run()


class _Training:
    """One call of `train_network`."""

    def __init__(
        self, trial: StepTrial, *, seed: int, scratch: Path, begin: float, hooks: Sequence[Hook]
    ) -> None:
        self._hooks = hooks
        self._trial, self._seed, self._scratch = trial, seed, scratch
        self._settings, self._batches = trial.settings, trial.batches
        self._engine = trial.start(trial.network)
        if self._engine.device.type != "cpu":
            events.message(f"training on {self._engine.device}")
        losses = torch.zeros(trial.batches.per_epoch, device=self._engine.device)
        self._state = State(losses=losses)
        self._watch = Watch(trial.batches)
        self._seconds = dict.fromkeys(("data", "evaluate", "checkpoint"), 0.0)
        self._identity = self._make_identity()
        numbers = load_state(scratch, self._identity, self._state, self._engine)
        if numbers:
            events.message(f"training goes on from step {self._state.step:,}", passing=True)
        self._plan = Plan(**numbers["plan"]) if numbers else make_plan(trial, begin)
        self._begin = begin - self._state.elapsed_s
        self._steps_before = self._state.step
        self._rate = 0.0
        self._looked, self._shown = begin, self._state.step
        self._next_checkpoint = begin + self._settings.checkpoint_every_s

    def run(self) -> Trained:
        """Epochs until something says stop."""
        total = self._plan.total_steps
        done = self._steps_before
        for hook in self._hooks:
            hook.begin(done)
        with (
            self._engine.using(self._plan.threads),
            events.task("train", total=total, unit="steps", done=done) as view,
        ):
            while not self._state.stopped:
                self._epoch(view)
            return self._finish()

    def _epoch(self, view: TaskView) -> None:
        """The rest of an epoch, and its score."""
        state = self._state
        begin = time.perf_counter()
        if state.history and self._out_of_steps():
            state.stopped = "budget"
            return
        while state.chunk < self._batches.chunks_per_epoch and not self._out_of_steps():
            self._chunk(view)
            if state.chunk < self._batches.chunks_per_epoch:
                self._save_if_due()
        self._look(view)
        self._score()
        state.epoch += 1
        state.chunk = 0
        state.epoch_seconds.append(time.perf_counter() - begin)
        state.stopped = self._why_stop()
        self._save_if_due()

    def _chunk(self, view: TaskView) -> None:
        """Gather some batches and take their steps."""
        state, engine = self._state, self._engine
        engine.seed(derive_seed(self._seed, "dropout", state.epoch, state.chunk))
        begin = time.perf_counter()
        chunk = self._batches.load(state.epoch, state.chunk)
        inputs, target = engine.load(chunk)
        now = time.perf_counter()
        self._seconds["data"] += now - begin
        first = self._batches.first_batch(state.chunk)
        for position, (start, stop) in enumerate(chunk.bounds, first):
            if self._out_of_steps(now):
                return
            self._rate = self._rate_at(state.step)
            state.losses[position] = engine.step(
                inputs.rows(start, stop),
                tensors_between(target, start, stop),
                rate=self._rate,
                number=state.step,
            )
            if self._hooks:
                self._tell_step(state.losses[position])
            state.step += 1
            now = time.perf_counter()
            if now - self._looked > _LOOK_EVERY_S:
                self._look(view)
        state.chunk += 1

    def _tell_step(self, loss: Tensor) -> None:
        state = self._state
        done = StepDone(state.step, state.epoch, self._rate, loss)
        for hook in self._hooks:
            hook.after_step(done)

    def _rate_at(self, step: int) -> float:
        return self._settings.rate * self._settings.schedule.factor(step, self._plan.total_steps)

    def _batches_done(self) -> int:
        """Batches of the running epoch whose loss is known."""
        return self._state.step - self._state.epoch * self._batches.per_epoch

    def _look(self, view: TaskView) -> None:
        """Show progress, and see whether the losses are sane."""
        state, done = self._state, self._batches_done()
        self._looked = time.perf_counter()
        self._watch.gradient_norm = self._engine.norm
        self._watch.check(state, done, self._rate)
        self._engine.measures_norm = True
        view.advance(state.step - self._shown)
        self._shown = state.step
        if done:
            view.note(f"loss {float(state.losses[max(0, done - 50) : done].mean()):.4g}")

    def _score(self) -> None:
        """Score the epoch and keep its weights if they are the best so far."""
        state = self._state
        begin = time.perf_counter()
        scored = self._engine.scored()
        done = self._batches_done()
        record = {
            "epoch": state.epoch + 1,
            "step": state.step,
            "rate": self._rate,
            "train_loss": float(
                np.average(
                    state.losses[:done].double().cpu().numpy(),
                    weights=self._batches.sizes(state.epoch)[:done],
                )
            ),
            **validation_score(scored, self._trial.validation, self._trial.task),
        }
        # Sorted, as a checkpoint gives it back: equal histories are equal bytes.
        state.history.append(dict(sorted(record.items())))
        if not np.isfinite(record["validation_loss"]):
            raise TrainingError(
                f"the validation loss is {record['validation_loss']} after epoch {state.epoch + 1}",
                expected="a finite number",
                fix=f"try train.rate {self._settings.rate / 10:.1g} or train.gradient_clip 1.0",
            )
        if best_epoch(state.history, self._trial.task.gives) == len(state.history) - 1:
            state.best = copy_weights(scored)
        self._seconds["evaluate"] += time.perf_counter() - begin
        for hook in self._hooks:
            hook.after_epoch(state.history[-1], scored)

    def _why_stop(self) -> str:
        """Why training is over now, or nothing."""
        state, patience = self._state, self._settings.patience
        if state.step >= self._plan.total_steps:
            wished = self._settings.epochs * self._batches.per_epoch
            return "epochs" if state.step >= wished else "budget"
        since_best = len(state.history) - 1 - best_epoch(state.history, self._trial.task.gives)
        return "patience" if patience and since_best >= patience else ""

    def _out_of_steps(self, now: float | None = None) -> bool:
        """Whether the plan is fulfilled, or the budget used up but for a last score."""
        state, budget_s = self._state, self._settings.budget_s
        if budget_s is None or state.step == 0:
            return state.step >= self._plan.total_steps
        deadline = self._begin + budget_s - 1.2 * self._plan.score_s
        late = (now or time.perf_counter()) > deadline
        return late or state.step >= self._plan.total_steps

    def _save_if_due(self) -> None:
        """Write a checkpoint if it is time."""
        every_s = self._settings.checkpoint_every_s
        now = time.perf_counter()
        over = self._state.stopped and self._state.elapsed_s > every_s
        if not over and now < self._next_checkpoint:
            return
        self._state.elapsed_s = now - self._begin
        numbers = {"identity": self._identity, "plan": asdict(self._plan)}
        save_state(self._scratch, self._state, self._engine, numbers)
        write_s = time.perf_counter() - now
        self._seconds["checkpoint"] += write_s
        pause_s = max(every_s, _CHECKPOINT_SHARE * write_s) if every_s else 0.0
        self._next_checkpoint = time.perf_counter() + pause_s

    def _finish(self) -> Trained:
        """The best weights and the account of the time."""
        network = self._engine.network
        network.load_state_dict(self._state.best)
        total_s = time.perf_counter() - self._begin
        seconds = {"total": total_s, **self._seconds, **self._engine.seconds}
        steps_here = self._state.step - self._steps_before
        worked_s = sum(self._engine.seconds.values()) + self._seconds["data"]
        speed = speed_of(network, self._batches, steps=steps_here, seconds=worked_s)
        return Trained(
            network=network.eval().to("cpu"),
            history=self._state.history,
            seconds={name: round(value, 3) for name, value in seconds.items()},
            steps=self._state.step,
            stopped=self._state.stopped,
            epoch_seconds=tuple(self._state.epoch_seconds),
            speed=speed | {"threads": self._plan.threads},
        )

    def _make_identity(self) -> str:
        """What must be equal for a checkpoint to be this training's."""
        state = self._engine.network.state_dict()
        return fingerprint(
            {
                "settings": self._settings.model_dump(mode="json"),
                "task": self._trial.task.model_dump(mode="json"),
                "weights": {name: list(tensor.shape) for name, tensor in state.items()},
                "rows": [self._batches.rows, len(self._trial.validation)],
                "seed": self._seed,
                "torch": torch.__version__,
            }
        )


def _check(train: PreparedSet, validation: PreparedSet, settings: Settings) -> None:
    """Refuse what cannot be trained."""
    for part, name in ((train, "train"), (validation, "validation")):
        if not len(part):
            raise TrainingError(
                f"the {name} part has no rows",
                expected="rows to learn from and rows to choose the best epoch by",
                fix="give data.split a larger share for it, or look at what cleaning rejected",
            )
    shapes = [column.ndim for column in train.columns.values()] + [1] * len(train.ragged)
    if settings.augment and 4 not in shapes:
        raise RecipeError(
            "train.augment changes images, and no input is an image", fix="leave train.augment out"
        )
    mixes = any(isinstance(step, MixingAugmentation) for step in settings.augment)
    if mixes and shapes != [4] * len(shapes):
        raise RecipeError(
            "train.augment mixup blends rows, and half a category means nothing",
            expected="inputs that are all images",
            fix="leave mixup out of train.augment",
        )
