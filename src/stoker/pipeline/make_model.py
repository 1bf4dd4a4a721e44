"""Make a model, the recipe's own or the preset's.

A trained model is written at once as a bundle, and its answers to the raw validation rows (of
very many, to evenly spaced ones) are compared with those of the model in training, so every later
stage works on what will be served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.bundle.fit_decision import fit_decision
from stoker.bundle.parity import check_parity
from stoker.bundle.write import write_bundle
from stoker.candidates.leaderboard import FILE as LEADERBOARD_FILE
from stoker.candidates.leaderboard import Leaderboard
from stoker.candidates.learning_curve import FILE as CURVE_FILE
from stoker.candidates.learning_curve import LearningCurve
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.seeds import derive_seed
from stoker.core.steps import expect, step_name, step_spec
from stoker.models import Conditions, Estimator, HeldOut, Model, Network
from stoker.pipeline.board import measure_candidates, timed
from stoker.pipeline.prepared_parts import Prepared, open_prepared, raw_part, spaced
from stoker.pipeline.row_groups import group_codes
from stoker.pipeline.stage import Work, rows_path
from stoker.store.durable import write_file

if TYPE_CHECKING:
    from stoker.bundle.decision import Decision
    from stoker.pipeline.presets import Preset
    from stoker.train.settings import Settings

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
    why: str = "as asked"
    """Why this model, where a recipe names it."""


def _units(work: Work, prepared: Prepared, column: str | None) -> np.ndarray | None:
    """Group of each training row, then of each validation row; None where none is named."""
    row_N = np.concatenate([prepared.train.row, prepared.validation.row])
    return group_codes(rows_path(work.inputs), row_N, column)


def make_model(work: Work, order: Order) -> dict[str, Any]:
    """Settle what is open, train, and write the bundle that all later stages work on.

    Returns:
        The summary of the artifact.
    """
    from stoker.pipeline.presets import choose

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
    seed = derive_seed(order.seed, "model", step_name(choice.model))
    if isinstance(choice.model, Network):
        made = _train_network(choice.model, choice.settings, prepared, seed, work, order)
    else:
        under = Conditions(
            seed=seed,
            deadline_s=choice.settings.budget_s,
            threads=choice.settings.threads,
            preset=order.preset,
            unit_N=_units(work, prepared, order.group),
            is_ordered=order.is_by_time,
        )
        made = _fit_estimator(expect(choice.model, Estimator), choice.settings, prepared, under)
    work.measured.update(made.measured)
    facts = {"model": step_spec(choice.model), "reason": choice.reason, **made.facts}
    write_bundle(
        work.folder / "bundle",
        name=order.name,
        interface=prepared.interface,
        graph=made.graph,
        weights=made.weights,
        model={"step": step_spec(choice.model)},
        decision=_decide(order.decision, choice.settings, prepared, made),
    )
    step = -(-len(prepared.validation) // _MOST_COMPARED)
    difference = check_parity(
        work.folder / "bundle",
        made.validation_output_NK[::step],
        spaced(raw_part(work, "validation"), step),
    )
    write_file(work.folder / "history.json", canonical_json(made.history))
    if made.leaderboard is not None:
        board = made.leaderboard.model_dump(mode="json")
        write_file(work.folder / LEADERBOARD_FILE, canonical_json(board) + b"\n")
    if made.learning_curve is not None:
        curve = made.learning_curve.model_dump(mode="json")
        write_file(work.folder / CURVE_FILE, canonical_json(curve) + b"\n")
    return {**facts, "parity": float(f"{difference:.2g}"), "rows": len(prepared.train)}


@dataclass(frozen=True)
class _Made:
    graph: bytes
    weights: dict[str, np.ndarray]
    validation_output_NK: np.ndarray
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    measured: dict[str, Any]
    held_out: HeldOut | None = None
    leaderboard: Leaderboard | None = None
    learning_curve: LearningCurve | None = None


def _decide(aim: Any, settings: Settings, prepared: Prepared, made: _Made) -> Decision:
    """Calibration, threshold, sets and intervals, from rows that the model was not fitted to."""
    task = prepared.interface.task
    held = made.held_out or HeldOut(
        made.validation_output_NK, np.asarray(prepared.validation.target)
    )
    return fit_decision(
        held.output_NK,
        held.target_N,
        task,
        weight_K=task.class_weights(settings.class_weights),
        aim=aim,
    )


def _train_network(
    model: Network, settings: Settings, prepared: Prepared, seed: int, work: Work, order: Order
) -> _Made:
    import torch

    from stoker.networks.export import export, weights_of
    from stoker.train.finder import find_rate
    from stoker.train.loop import train_network
    from stoker.train.network_output import outputs

    torch.manual_seed(derive_seed(seed, "weights"))
    interface = prepared.interface
    network = model.build(interface.inputs, interface.task.output.width)
    if order.finds_rate:
        curve = find_rate(network, prepared.train, interface.task, settings, seed=seed)
        events.message(f"{work.stage}: the loss falls fastest at rate {curve.rate:.2g}")
        settings = settings.model_copy(update={"rate": curve.rate})
    trained = train_network(
        network,
        prepared.train,
        prepared.validation,
        interface.task,
        settings,
        seed=seed,
        scratch=work.scratch,
    )
    return _Made(
        graph=export(trained.network, interface.forms),
        weights=weights_of(trained.network),
        validation_output_NK=outputs(trained.network, prepared.validation),
        history=trained.history,
        facts={
            "settings": settings.model_dump(mode="json"),
            "num_parameters": sum(p.numel() for p in trained.network.parameters()),
            "steps": trained.steps,
            "stopped": trained.stopped,
        },
        measured={"seconds": trained.seconds, "speed": trained.speed},
    )


def _fit_estimator(
    model: Estimator, settings: Settings, prepared: Prepared, under: Conditions
) -> _Made:
    task = prepared.interface.task
    estimate = model.fit(
        prepared.train,
        prepared.validation,
        task,
        under=under,
        weight_K=task.class_weights(settings.class_weights),
    )
    board, answer_ms = estimate.leaderboard, {}
    if board is not None:
        board, answer_ms = measure_candidates(
            board, estimate.candidate_graphs, prepared.validation.columns
        )
    timings = timed(estimate.timings, answer_ms)
    return _Made(
        graph=estimate.graph,
        weights=estimate.weights,
        validation_output_NK=estimate.validation_output_NK,
        history=estimate.history,
        facts={
            "num_parameters": sum(array.size for array in estimate.weights.values()),
            **estimate.facts,
        },
        measured={
            "candidates": [one.model_dump(mode="json") for one in timings],
            "threads": estimate.threads,
        },
        held_out=estimate.held_out,
        leaderboard=board,
        learning_curve=estimate.learning_curve,
    )
