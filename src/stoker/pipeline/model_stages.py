"""The stages that make models: train, the baseline beside it, and compress.

A trained model is written at once as a bundle, and its answers to the raw validation rows are
compared with those of the model in training, so every later stage works on what will be served.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stoker.bundle.interface import Interface
from stoker.bundle.parity import check_parity
from stoker.bundle.write import write_bundle
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import find_step, make_step, step_name, step_spec
from stoker.data.dataset import Dataset
from stoker.data.prepare.part_rows import part_rows
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.models import Conditions, Estimator, Model, Network
from stoker.pipeline.kinds import only
from stoker.pipeline.node import Work
from stoker.pipeline.nodes import BASELINE
from stoker.store.durable import write_file

if TYPE_CHECKING:
    from stoker.train.presets import Preset
    from stoker.train.settings import Settings

FIND = "find"


@dataclass(frozen=True)
class Prepared:
    """What training reads: the prepared parts and what their tensors mean."""

    folder: Path
    interface: Interface
    train: PreparedSet
    validation: PreparedSet


def train(work: Work) -> dict[str, Any]:
    """Train the model that was asked for, or the preset's."""
    asked = work.recipe.train
    given = {
        **{key: value for key, value in asked.given.items() if value != FIND},
        "budget_s": asked.budget,
        "checkpoint_every_s": asked.checkpoint_every,
        "threads": asked.threads,
    }
    model = work.recipe.model
    return _make_model(work, None if model is None else only(model, Model), asked.preset, given)


def baseline(work: Work) -> dict[str, Any]:
    """Train the plain model."""
    model = find_step("stoker.models", BASELINE, Network)()
    return _make_model(work, model, "fast", {"threads": 1})


def _make_model(
    work: Work, model: Model | None, preset: Preset, given: Mapping[str, object]
) -> dict[str, Any]:
    from stoker.train.presets import choose

    prepared = open_prepared(work.inputs["prepare"].folder)
    choice = choose(
        preset,
        model,
        prepared.interface.inputs,
        prepared.interface.task,
        len(prepared.train),
        given,
        why="as asked" if work.stage == "train" else "to compare with",
    )
    events.message(f"{work.stage}: {choice.reason}")
    seed = derive_seed(work.recipe.seed, "model", step_name(choice.model))
    if isinstance(choice.model, Network):
        made = _train_network(choice.model, choice.settings, prepared, seed, work)
    else:
        made = _fit_estimator(only(choice.model, Estimator), choice.settings, prepared, seed)
    work.measured.update(made.measured)
    facts = {"model": step_spec(choice.model), "reason": choice.reason, **made.facts}
    write_bundle(
        work.folder / "bundle",
        name=work.recipe.name,
        interface=prepared.interface,
        graph=made.graph,
        weights=made.weights,
        model={"step": step_spec(choice.model)},
    )
    difference = check_parity(
        work.folder / "bundle", made.validation_output_NK, raw_part(work, "validation")
    )
    write_file(work.folder / "history.json", canonical_json(made.history))
    return {**facts, "parity": float(f"{difference:.2g}"), "rows": len(prepared.train)}


@dataclass(frozen=True)
class _Made:
    graph: bytes
    weights: dict[str, np.ndarray]
    validation_output_NK: np.ndarray
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    measured: dict[str, Any]


def _train_network(
    model: Network, settings: Settings, prepared: Prepared, seed: int, work: Work
) -> _Made:
    import torch

    from stoker.bundle.export import export_network
    from stoker.train.finder import find_rate
    from stoker.train.loop import train_network
    from stoker.train.network_output import outputs

    torch.manual_seed(derive_seed(seed, "weights"))
    interface = prepared.interface
    network = model.build(interface.inputs, interface.task.num_outputs)
    if work.stage == "train" and work.recipe.train.rate == FIND:
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
    weights = {name: value.numpy() for name, value in trained.network.state_dict().items()}
    return _Made(
        graph=export_network(trained.network, interface),
        weights=weights,
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


def _fit_estimator(model: Estimator, settings: Settings, prepared: Prepared, seed: int) -> _Made:
    from stoker.train.class_weights import class_weights

    weight_K = class_weights(prepared.interface.task, settings)
    estimate = model.fit(
        prepared.train,
        prepared.validation,
        prepared.interface.task,
        under=Conditions(seed, settings.budget_s, settings.threads),
        weight_K=None if weight_K is None else weight_K.numpy(),
    )
    return _Made(
        graph=estimate.graph,
        weights=estimate.weights,
        validation_output_NK=estimate.validation_output_NK,
        history=estimate.history,
        facts={"num_parameters": sum(array.size for array in estimate.weights.values())},
        measured={},
    )


def compress(work: Work) -> dict[str, Any]:
    """Try every method, and choose."""
    from stoker.compress import Compressor
    from stoker.compress._frontier import choose_candidate

    asked = work.recipe.compress
    assert asked is not None
    prepared = open_prepared(work.inputs["prepare"].folder)
    methods = asked.methods or (make_step("stoker.compress", "int8", Compressor),)
    found = choose_candidate(
        work.inputs["train"].folder / "bundle",
        [only(method, Compressor) for method in methods],
        prepared.train,
        prepared.validation,
        work.folder,
        max_accuracy_loss=asked.max_accuracy_loss,
    )
    return {"chosen": found["chosen"], "reason": found["reason"]}


def open_prepared(folder: Path) -> Prepared:
    """The training and validation parts of a prepared artifact.

    Raises:
        RecipeError: If there is no validation row: nothing could be chosen or gated honestly.
    """
    validation = PreparedSet.open(folder, "validation")
    if not len(validation):
        raise RecipeError(
            "no row is left for validation",
            expected="a validation part: early stopping, presets and gates look at it",
            fix="set data.split.validation to 0.1 or more",
        )
    return Prepared(folder, read_interface(folder), PreparedSet.open(folder, "train"), validation)


def read_interface(folder: Path) -> Interface:
    """What preparing learned, as the interface that every bundle of it carries."""
    said = json.loads((folder / "fitted.json").read_bytes())
    inputs = [{"column": name, "feature": spec} for name, spec in said["inputs"].items()]
    return Interface.from_json({**said, "inputs": inputs})


def raw_part(work: Work, part: str) -> Iterator[pa.Table]:
    """Raw rows of a part, in the order of the prepared set, as a predictor takes them."""
    prepared = work.inputs["prepare"].folder
    return part_rows(
        Dataset.open(work.inputs["acquire"].folder),
        work.inputs["clean"].folder / "rows.parquet",
        work.inputs["split"].folder / "parts.parquet",
        prepared,
        part,
        ["_row", "_source", "_line", *read_interface(prepared).inputs],
    )
