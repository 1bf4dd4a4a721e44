"""Make a model, the recipe's own or the preset's.

A trained model is written at once as a bundle, and its answers to the raw validation rows (of
very many, to evenly spaced ones) are compared with those of the model in training, so every later
stage works on what will be served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.bundle.fit_decision import fit_decision
from stoker.bundle.parity import check_parity
from stoker.bundle.write import write_bundle
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted, HeldOut
from stoker.candidates.leaderboard import FILE as LEADERBOARD_FILE
from stoker.candidates.leaderboard import Leaderboard
from stoker.candidates.learning_curve import FILE as CURVE_FILE
from stoker.candidates.offer import MODEL, Offer
from stoker.cells.ragged import rows_at, values_of
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name, step_spec
from stoker.dag.stage import Work
from stoker.frontier.board import measure_candidates, timed
from stoker.models import Model, Network, check_vectors
from stoker.store.durable import write_file
from stoker.views.last_rows import rows_path
from stoker.views.prepared import Prepared, open_prepared, raw_part, spaced
from stoker.views.row_groups import group_codes

if TYPE_CHECKING:
    from stoker.bundle.decision import Decision
    from stoker.plan.presets import Preset, TrainingChoice
    from stoker.train.hooks import Hook

_MOST_COMPARED = 20_000
"""Validation rows whose answers are compared with those in training."""


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    name: str
    model: Model | None
    """None: what the preset picks."""
    preset: Preset
    given: Mapping[str, object]
    """Settings that overrule the preset."""
    seed: int
    finds_rate: bool = False
    """Whether the learning rate is searched for."""
    decision: Any = "accuracy"
    """What the threshold between two classes is chosen for."""
    group: str | None = None
    """Column whose rows stay in one fold."""
    is_by_time: bool = False
    """Whether rows are divided by time."""
    hooks: tuple[Hook, ...] = ()
    """What looks on while a network is trained."""
    candidate: str = MODEL
    """What it is called among the candidates of the run."""
    is_reference: bool = False
    """Whether all others are compared with it."""
    why: str = "as asked"
    """Why this model, where a recipe names it."""


def _units(work: Work, prepared: Prepared, column: str | None) -> np.ndarray | None:
    """Group of each training row, then of each validation row; None where none is named."""
    row_N = np.concatenate([prepared.train.row, prepared.validation.row])
    return group_codes(rows_path(work.inputs), row_N, column)


def _conditions(work: Work, order: Order, choice: TrainingChoice, prepared: Prepared) -> Conditions:
    """What the model is fitted under."""
    settings, interface = choice.settings, prepared.interface
    return Conditions(
        seed=derive_seed(order.seed, "model", step_name(choice.model)),
        deadline_s=settings.budget_s,
        threads=settings.threads,
        preset=order.preset,
        unit_N=_units(work, prepared, order.group),
        is_ordered=order.is_by_time,
        weight_K=interface.task.class_weights(settings.class_weights),
        features=interface.inputs,
        settings=settings,
        finds_rate=order.finds_rate,
        hooks=order.hooks,
        scratch=work.scratch,
    )


def make_model(work: Work, order: Order) -> dict[str, Any]:
    """Settle what is open, train, and write the bundle that all later stages work on.

    Returns:
        The summary of the artifact.
    """
    from stoker.plan.presets import choose

    prepared = open_prepared(work.inputs["prepare"].folder)
    choice = choose(
        order.preset,
        order.model,
        prepared.interface.inputs,
        prepared.interface.task,
        len(prepared.train),
        order.given,
        why=order.why,
    )
    events.message(f"{work.stage}: {choice.reason}")
    _refuse_ragged(choice.model, prepared)
    check_vectors(choice.model, prepared.interface.task.gives)
    if order.hooks and not isinstance(choice.model, Network):
        name = step_name(choice.model)
        events.warning(f"train.hooks: {name} is no network and has no steps to look at")
    task = prepared.interface.task
    under = _conditions(work, order, choice, prepared)
    made = choice.model.fit(prepared.train, prepared.validation, task, under=under)
    board = _measured(work, made, prepared)
    facts = {
        "model": step_spec(choice.model),
        "reason": choice.reason,
        "num_parameters": sum(array.size for array in made.weights.values()),
        **made.facts,
    }
    width = made.validation_output_NK.shape[-1]
    write_bundle(
        work.folder / "bundle",
        name=order.name,
        interface=replace(prepared.interface, task=task.as_wide_as(width)),
        graph=made.graph,
        weights=made.weights,
        model={"step": step_spec(choice.model)},
        decision=_decide(order.decision, choice, prepared, made),
    )
    parity = _parity(work, made, prepared)
    reference = order.candidate if order.is_reference else None
    Offer(bundles={order.candidate: "bundle"}, reference=reference).write(work.folder)
    write_file(work.folder / "history.json", canonical_json(made.history))
    for file, value in ((LEADERBOARD_FILE, board), (CURVE_FILE, made.learning_curve)):
        if value is not None:
            write_file(work.folder / file, canonical_json(value.model_dump(mode="json")) + b"\n")
    return {**facts, **parity, "rows": len(prepared.train)}


def _parity(work: Work, made: Fitted, prepared: Prepared) -> dict[str, Any]:
    """How far the bundle's answers are from those in training, and on which rows that was seen."""
    num_rows = len(prepared.validation)
    step = -(-num_rows // _MOST_COMPARED)
    row_M = np.arange(0, num_rows, step)
    compared = rows_at(made.validation_outputs, row_M)
    rows = spaced(raw_part(work, "validation"), step)
    difference = check_parity(work.folder / "bundle", compared, rows)
    return {
        "parity": float(f"{difference:.2g}"),
        "parity_rows": len(row_M),
        "validation_rows": num_rows,
    }


def _refuse_ragged(model: Model, prepared: Prepared) -> None:
    """Raise where rows of any length would reach a model that has one place for each column."""
    for name in prepared.train.ragged if not model.takes_ragged else ():
        raise RecipeError(
            f"{step_name(model)} takes columns of one shape, and rows of {name!r} have any length",
            fix=f"name a network under model, or another feature for {name!r}",
        )


def _measured(work: Work, made: Fitted, prepared: Prepared) -> Leaderboard | None:
    """Note what fitting took, and how long each candidate answers; the board with their sizes."""
    board, answer_ms = made.leaderboard, {}
    if board is not None:
        board, answer_ms = measure_candidates(
            board, made.candidate_graphs, prepared.validation.inputs
        )
    timings = timed(made.timings, answer_ms)
    work.measured.update(made.measured)
    if timings:
        work.measured["candidates"] = [one.model_dump(mode="json") for one in timings]
    if made.threads is not None:
        work.measured["threads"] = made.threads
    return board


def _decide(aim: Any, choice: TrainingChoice, prepared: Prepared, made: Fitted) -> Decision:
    """Calibration, threshold, sets and intervals, from rows that the model was not fitted to."""
    task = prepared.interface.task
    held = made.held_out or HeldOut(
        made.validation_output_NK, values_of(prepared.validation.target)
    )
    return fit_decision(
        held.output_NK,
        held.target_N,
        task,
        # Only a network draws its rows by a sampler.
        weight_K=choice.settings.odds_K(task)
        if isinstance(choice.model, Network)
        else task.class_weights(choice.settings.class_weights),
        aim=aim,
    )
