"""Fit the step `pretrained`: a head on the frozen backbone, and the last layers if that is better.

Both are candidates on the validation rows.  Trained layers are taken where their loss is lower by
more than chance, row by row; otherwise the frozen ones stay, and either is told.

Cost: see `frozen` and `fine_tuned`; what enters trained layers lies in temporary files meanwhile.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.candidates.leaderboard import Entry, Leaderboard, Timing, tell
from stoker.core import events
from stoker.core.steps import step_spec
from stoker.features import Form
from stoker.models._backbone import backbone_weights
from stoker.models._row_losses import is_clear, losses_N, scored
from stoker.networks import fine_tuned, frozen
from stoker.networks.export import export
from stoker.networks.repeatable import repeatable
from stoker.store.scratch import scratch_folder
from stoker.train.losses import bound_loss, loss_of

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.models._on_backbone import OnBackbone
    from stoker.tasks import FittedTask

FROZEN, FINE_TUNED = "frozen", "fine-tuned"
_OF_BUDGET = 0.9


@dataclass(frozen=True)
class Tried:
    """A candidate: a backbone and the head on it."""

    name: str
    step: OnBackbone
    vectors: frozen.Vectors
    head: frozen.Head
    output_NK: np.ndarray
    """Outputs for the validation rows."""
    fit_s: float
    """CPU seconds, those of the vectors among the frozen one's."""
    settings: dict[str, Any]


@dataclass(frozen=True)
class Given:
    """What a fit is asked to do."""

    step: OnBackbone
    parts: tuple[PreparedSet, PreparedSet]
    """Training and validation rows."""
    task: FittedTask
    under: Conditions
    loss: frozen.Loss
    shift_K: np.ndarray
    """What class weights add to logits."""

    @property
    def columns(self) -> dict[str, Form]:
        """Type and shape of each column's tensor."""
        return {name: Form(c.dtype, c.shape[1:]) for name, c in self.parts[0].columns.items()}

    @property
    def targets(self) -> list[Tensor]:
        """Of both parts."""
        return [torch.from_numpy(np.array(part.target)) for part in self.parts]

    def losses(self, tried: Tried) -> np.ndarray:
        """Loss of each validation row."""
        return losses_N(tried.output_NK - self.shift_K, np.asarray(self.parts[1].target))


def fit(
    step: OnBackbone,
    parts: tuple[PreparedSet, PreparedSet],
    task: FittedTask,
    *,
    under: Conditions,
) -> Fitted:
    """See `Pretrained.fit`; `parts` are training and validation rows."""
    end_s = time.monotonic() + _OF_BUDGET * (under.deadline_s or float("inf"))
    loss = bound_loss(loss_of(task), under.weight_K)
    weight_K = under.weight_K
    shift_K = np.zeros(1) if weight_K is None else np.log(np.maximum(weight_K, 1e-9))
    given = Given(step, parts, task, under, loss, shift_K)
    vectors = frozen.Vectors(given.columns, _num_codes(*parts), step.side)
    weights = backbone_weights(None if step.path is None else Path(step.path))
    vectors.backbone.load_state_dict({n: torch.from_numpy(a) for n, a in weights.items()})
    with repeatable(under.seed):
        if step.fine_tune:
            return _estimate(given, *_both(given, vectors, end_s))
        tried, history = _frozen(given, vectors)
        return _estimate(given, [tried], history)


def _frozen(given: Given, vectors: frozen.Vectors) -> tuple[Tried, list[dict[str, float]]]:
    """The backbone as it is."""
    begin = time.process_time()
    graph = export(vectors, given.columns)
    train_NF, validation_NF = (
        frozen.vectors_of(graph, part.columns, threads=given.under.threads, title=title)
        for part, title in zip(given.parts, ("look at pictures", "look at validation"), strict=True)
    )
    train_N, validation_N = given.targets
    fitted = frozen.fit_head(
        (train_NF, train_N), (validation_NF, validation_N), given.task.output.width, given.loss
    )
    return _tried_frozen(given, vectors, fitted, validation_NF, begin), fitted.history


def _both(
    given: Given, vectors: frozen.Vectors, end_s: float
) -> tuple[list[Tried], list[dict[str, float]]]:
    """The backbone as it is, and with its last layers trained further if there is time."""
    begin = time.process_time()
    tuned_vectors, count = copy.deepcopy(vectors), given.step.fine_tune
    above = fine_tuned.Above(tuned_vectors, given.columns, count)
    below = fine_tuned.below_graph(vectors, given.columns, count)
    with scratch_folder("maps") as scratch:
        train, validation = (
            fine_tuned.keep(below, part.columns, target_N, scratch.path / name, given.under.threads)
            for part, target_N, name in zip(
                given.parts, given.targets, ("pictures", "validation"), strict=True
            )
        )
        validation_NF = validation.vectors(above)
        fitted = frozen.fit_head(
            (train.vectors(above), train.target_N),
            (validation_NF, validation.target_N),
            given.task.output.width,
            given.loss,
        )
        plain = _tried_frozen(given, vectors, fitted, validation_NF, begin)
        begin = time.process_time()
        found = fine_tuned.fine_tune(
            above, fitted, (train, validation), given.loss, seed=given.under.seed, end_s=end_s
        )
        output_NK = _outputs(found.head, validation.vectors(above))
    if not found.history:
        events.message("the budget leaves no time to train the last layers further")
        return [plain], fitted.history
    took_s = time.process_time() - begin
    settings = {"penalty": fitted.penalty, "rounds": found.rounds}
    tuned = Tried(FINE_TUNED, given.step, tuned_vectors, found.head, output_NK, took_s, settings)
    return [plain, tuned], fitted.history + found.history


def _tried_frozen(
    given: Given,
    vectors: frozen.Vectors,
    fitted: frozen.FittedHead,
    validation_NF: Tensor,
    begin: float,
) -> Tried:
    step = given.step.model_copy(update={"fine_tune": 0})
    output_NK, took_s = _outputs(fitted.head, validation_NF), time.process_time() - begin
    settings = {"penalty": fitted.penalty}
    return Tried(FROZEN, step, vectors, fitted.head, output_NK, took_s, settings)


def _estimate(given: Given, tries: Sequence[Tried], history: list[dict[str, float]]) -> Fitted:
    """The last candidate if it is better than the first by more than chance, else the first."""
    first, last = tries[0], tries[-1]
    chosen = last if is_clear(given.losses(first) - given.losses(last)) else first
    board, timings = None, ()
    if len(tries) > 1:
        board = _leaderboard(given, tries, chosen)
        timings = tuple(Timing(name=one.name, fit_s=one.fit_s) for one in tries)
        tell(board)
    network = frozen.FrozenNetwork(chosen.vectors, chosen.head).eval()
    return Fitted(
        graph=export(network, given.columns),
        weights={name: value.numpy() for name, value in network.state_dict().items()},
        validation_output_NK=chosen.output_NK,
        history=history,
        facts={"settings": {one.name: one.settings for one in tries}},
        leaderboard=board,
        timings=timings,
    )


def _leaderboard(given: Given, tries: Sequence[Tried], chosen: Tried) -> Leaderboard:
    entries = []
    for one in tries:
        score, low, high = scored(given.losses(one), given.task)
        is_chance = one.name == FINE_TUNED and one is not chosen
        entries.append(
            Entry(
                name=one.name,
                model=step_spec(one.step),
                score=score,
                low=low,
                high=high,
                folds=1,
                weight=float(one is chosen),
                note="not better than frozen by more than chance" if is_chance else "",
            )
        )
    return Leaderboard(
        metric=given.task.gives.loss_name,
        rows=len(given.parts[1]),
        how="rows of the validation part",
        entries=tuple(sorted(entries, key=lambda entry: entry.score or 0.0)),
    )


def _outputs(head: frozen.Head, vector_NF: Tensor) -> np.ndarray:
    with torch.no_grad():
        return head(vector_NF).numpy()


def _num_codes(*parts: PreparedSet) -> dict[str, int]:
    """Codes of each column of categories that these rows hold, 0 included."""
    return {
        name: max(int(part.columns[name].max(initial=0)) for part in parts) + 1
        for name, column in parts[0].columns.items()
        if column.dtype == np.int32
    }
