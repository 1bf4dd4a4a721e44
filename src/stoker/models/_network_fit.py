"""Fit a network: build it, train it, and write its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from stoker.candidates.fitted import Fitted
from stoker.cells.ragged import Ragged, values_of
from stoker.core import events
from stoker.core.seeds import derive_seed
from stoker.networks.export import export, weights_of
from stoker.store.scratch import scratch_folder
from stoker.train.finder import find_rate
from stoker.train.loop import Trained, train_network
from stoker.train.network_output import output_rows
from stoker.train.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.candidates.conditions import Conditions
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.models import Network
    from stoker.tasks import FittedTask

Parts = tuple["PreparedSet", "PreparedSet"]
"""Training and validation rows."""


def fit(model: Network, parts: Parts, task: FittedTask, under: Conditions) -> Fitted:
    """See `Model.fit`."""
    if under.scratch is not None:
        return _fit(model, parts, task, under, under.scratch)
    with scratch_folder("training") as scratch:
        return _fit(model, parts, task, under, scratch.path)


def _fit(
    model: Network, parts: Parts, task: FittedTask, under: Conditions, scratch: Path
) -> Fitted:
    torch.manual_seed(derive_seed(under.seed, "weights"))
    network = model.build_for(under.features, task.output)
    settings = under.settings or Settings()
    if under.finds_rate:
        curve = find_rate(network, parts[0], task, settings, seed=under.seed)
        events.message(f"the loss falls fastest at rate {curve.rate:.2g}")
        settings = settings.model_copy(update={"rate": curve.rate})
    trained = train_network(
        network, *parts, task, settings, seed=under.seed, scratch=scratch, hooks=under.hooks
    )
    forms = {name: feature.form for name, feature in under.features.items()}
    answered = output_rows(trained.network, parts[1])
    return Fitted(
        graph=export(trained.network, forms),
        weights=weights_of(trained.network),
        validation_output_NK=values_of(answered),
        validation_offsets=answered.offsets if isinstance(answered, Ragged) else None,
        history=trained.history,
        facts=_facts(trained, settings),
        measured={"seconds": trained.seconds, "speed": trained.speed},
    )


def _facts(trained: Trained, settings: Settings) -> dict[str, object]:
    return {
        "settings": settings.model_dump(mode="json"),
        "num_parameters": sum(p.numel() for p in trained.network.parameters()),
        "steps": trained.steps,
        "stopped": trained.stopped,
    }
