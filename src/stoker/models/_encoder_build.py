"""Build the network of the step `encoder`; fit its linear layer alone where nothing else learns.

Cost: fixed vectors are one pass over the rows; the linear layer then takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from stoker.candidates.fitted import Fitted
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.features import FittedFeature
from stoker.features.tokens import FittedTokens
from stoker.models._network_fit import fit as fit_network
from stoker.networks import frozen
from stoker.networks.columns import ColumnNetwork, Flattened
from stoker.networks.export import export, weights_of
from stoker.networks.repeatable import repeatable
from stoker.networks.text_encoder import TextEncoder, own_names, read_shape
from stoker.networks.text_towers import EncodedText
from stoker.networks.unit_length import UnitLength
from stoker.train.losses import bound_loss, loss_of
from stoker.train.network_output import outputs

if TYPE_CHECKING:
    from stoker.candidates.conditions import Conditions
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.models.encoder import Encoder
    from stoker.tasks import FittedTask


def build(step: Encoder, features: Mapping[str, FittedFeature], num_outputs: int) -> ColumnNetwork:
    """See `Encoder.build`."""
    check_tokens(step, features)
    return ColumnNetwork(
        features,
        tower=Flattened,
        head=lambda width: _head(step, width, num_outputs),
        reader=lambda _: reader(step),
    )


def _head(step: Encoder, width: int, num_outputs: int) -> nn.Module:
    """A linear layer that answers 0; on fixed vectors it brings them to one scale before.

    Of no outputs the vectors themselves, with length 1.
    """
    if num_outputs == 0:
        return UnitLength()
    if step.layers == 0:
        return frozen.Head(torch.zeros(1, width), num_outputs)
    head = nn.Linear(width, num_outputs)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def reader(step: Encoder) -> EncodedText:
    """The encoder with its weights."""
    encoder = TextEncoder(read_shape(step.files.config))
    encoder.load_state_dict(own_names(step.files.weights(), encoder))
    around = step.files.tokenizer.around
    return EncodedText(encoder, pooling=step.pooling, around=around, learns=step.layers)


def check_tokens(step: Encoder, features: Mapping[str, FittedFeature]) -> None:
    """Refuse tokens that mean something else to the encoder.

    Raises:
        RecipeError: Naming the column.
    """
    for name, feature in features.items():
        _check(step, name, feature)


def _check(step: Encoder, name: str, feature: FittedFeature) -> None:
    if isinstance(feature, FittedTokens) and feature.reader.pieces != step.files.tokenizer.pieces:
        raise RecipeError(
            f"the tokens of {name!r} are not those that the encoder learned with",
            expected=f"its own tokeniser, of {step.files.tokenizer.size:,} pieces; "
            f"those of {name!r} are {feature.num_tokens:,}",
            fix=f"write `{name}: {{tokens: {{tokenizer: {step.path}/tokenizer.json}}}}`",
        )


def fit_frozen(
    step: Encoder,
    parts: tuple[PreparedSet, PreparedSet],
    task: FittedTask,
    under: Conditions,
) -> Fitted:
    """Vectors of all rows once, and the linear layer with the penalty that `validation` prefers."""
    torch.manual_seed(derive_seed(under.seed, "weights"))
    with repeatable(under.seed):
        network = build(step, under.features, task.output.asked)
        network.head = nn.Identity()
        vectors = [torch.from_numpy(outputs(network, part)) for part in parts]
        targets = [torch.from_numpy(np.array(part.target)) for part in parts]
        fitted = frozen.fit_head(
            (vectors[0], targets[0]),
            (vectors[1], targets[1]),
            task.output.width,
            bound_loss(loss_of(task), under.weight_K),
        )
        network.head = fitted.head
        network.eval()
        with torch.no_grad():
            output_NK = fitted.head(vectors[1]).numpy()
        forms = {name: feature.form for name, feature in under.features.items()}
        return Fitted(
            graph=export(network, forms),
            weights=weights_of(network),
            validation_output_NK=output_NK,
            history=fitted.history,
            facts={"settings": {"layers": 0, "penalty": fitted.penalty}},
        )


def fit_vectors(
    step: Encoder,
    parts: tuple[PreparedSet, PreparedSet],
    task: FittedTask,
    under: Conditions,
) -> Fitted:
    """Its vectors as it was read, or as it learned to make them if `validation` says better.

    Whatever was learned, nothing worse than the encoder that was given is answered with.
    """
    torch.manual_seed(derive_seed(under.seed, "weights"))
    network = build(step, under.features, 0).eval()
    found_NK = outputs(network, parts[1])
    forms = {name: feature.form for name, feature in under.features.items()}
    given = Fitted(
        graph=export(network, forms),
        weights=weights_of(network),
        validation_output_NK=found_NK,
        history=[],
        facts={"settings": {"layers": 0}},
    )
    if step.layers == 0:
        return given
    learned = fit_network(step, parts, task, under)
    before, after = (
        task.answers(one.validation_output_NK, parts[1].target).at_a_glance()
        for one in (given, learned)
    )
    said = f"{task.gives.glance} {before:.4g} as it was read, {after:.4g} after training"
    if after > before:
        events.message(f"encoder: {said}")
        return learned
    events.warning(f"encoder: {said}; training made it no better, so it stays as it was read")
    return replace(given, history=learned.history, measured=learned.measured)
