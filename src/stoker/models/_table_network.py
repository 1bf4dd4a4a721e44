"""A perceptron as a candidate of a search: on the design of a linear model, stopped early.

It sees what a linear model of the same table sees (see `stoker.models._design`), so a far cell
moves nothing but itself, and the graph of both is the same up to that point.  Training is AdamW at
a constant rate with small batches; what answers is the running average of the weights, looked at
some forty times.  Looks are kept, so that the folds of a candidate can agree on one of them.

One thread and a generator of its own: equal seeds give equal weights on one machine.

Cost: about 3 CPU seconds a fold for 1,000 rows of 15 columns.

Shapes: N rows, B numbers of the design, C category columns, K outputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from stoker.features import Form
from stoker.networks.encoders import Scaled, TableEncoder, TableShape
from stoker.networks.export import export
from stoker.networks.graph_names import CODES, NUMBERS
from stoker.networks.layers import initialize
from stoker.networks.mlp import perceptron

if TYPE_CHECKING:
    from stoker.models._design import Design
    from stoker.models._rows import TableRows
    from stoker.models.mlp import Mlp

_RATE, _DECAY, _EMA = 2e-3, 1e-2, 0.98
_SMALLEST, _LARGEST = 32, 512
_BATCHES = 25
_EPOCHS, _VISITS = 90, 3_000_000
_LOOKS, _PATIENCE = 40, 8
_BLOCK = 16_384

State = dict[str, Tensor]


class TableNetwork(nn.Module):
    """Waves of numbers, embeddings of categories, and a perceptron over both."""

    def __init__(self, step: Mlp, table: TableShape, num_outputs: int) -> None:
        """Draw the weights from torch's global generator."""
        super().__init__()
        self.encoder = TableEncoder(table, periodic=step.periodic, frequency=step.frequency)
        widths = (self.encoder.num_features, *step.hidden, num_outputs)
        self.head = perceptron(widths, step.layers)
        initialize(self.head, step.initializer)

    def forward(self, raw: Mapping[str, Tensor]) -> Tensor:
        """Outputs (N, K) of a standardised design."""
        scaled = Scaled((), raw.get(NUMBERS), raw.get(CODES))
        return self.head(torch.cat(self.encoder(scaled), 1))


class Mean(nn.Module):
    """The average of several networks."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        """Keep them."""
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, raw: Mapping[str, Tensor]) -> Tensor:
        """Outputs (N, K)."""
        return torch.stack([member(raw) for member in self.members]).mean(0)


@dataclass(frozen=True)
class NetworkInputs:
    """A training at some moment."""

    state: State
    """Averaged weights."""
    output_MK: np.ndarray
    """Its outputs for the rows left out, float64."""


def table_tensors(design: Design) -> dict[str, Tensor]:
    """A design as the inputs of the network; codes count from 0 in each column."""
    starts = np.cumsum([0, *design.size_C[:-1]], dtype=np.int64)
    found = {}
    if design.dense_NB.shape[1]:
        found[NUMBERS] = torch.from_numpy(np.ascontiguousarray(design.dense_NB, np.float32))
    if design.size_C:
        found[CODES] = torch.from_numpy(design.code_NC - starts)
    return found


def fit_network(  # noqa: PLR0913 - one fold of a candidate, each by its name
    network: nn.Module,
    table: Mapping[str, Tensor],
    rows: TableRows,
    fit_M: np.ndarray,
    held_M: np.ndarray,
    *,
    seed: int,
    end_s: float | None,
) -> list[NetworkInputs]:
    """Train on some rows, look at others from time to time, stop when they get no better.

    Args:
        network: Takes `table`; changed in place.
        table: Inputs of all rows.
        rows: Targets and weights.
        fit_M: Rows to learn from.
        held_M: Rows to look at.
        seed: Source of the order of rows.
        end_s: Moment of `time.monotonic` to stop at, after at least one look.

    Returns:
        Each look, the first one after a fortieth of the training.
    """
    loss = _loss(rows)
    target_N = torch.from_numpy(np.array(rows.target_N))
    held = {name: tensor[torch.from_numpy(held_M)] for name, tensor in table.items()}
    size = batch_rows(len(fit_M))
    epochs = max(1, min(_EPOCHS, _VISITS // len(fit_M)))
    every = max(1, epochs * -(-len(fit_M) // size) // _LOOKS)
    rate = _RATE * min(2.0, (size / _SMALLEST) ** 0.5)
    method = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=_DECAY)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    looks: list[NetworkInputs] = []
    losses: list[float] = []
    for step, index in enumerate(_batches(fit_M, size, epochs, seed), start=1):
        network.train()
        loss(network({n: t[index] for n, t in table.items()}), target_N[index]).backward()
        method.step()
        method.zero_grad()
        _follow(state, network, step)
        if step % every:
            continue
        output_MK = _answers(network, state, held)
        looks.append(
            NetworkInputs({n: v.clone() for n, v in state.items()}, output_MK.double().numpy())
        )
        losses.append(float(loss(output_MK, target_N[held_M])))
        is_late = end_s is not None and time.monotonic() >= end_s
        if is_late or len(losses) - 1 - int(np.argmin(losses)) >= _PATIENCE:
            break
    return looks


def batch_rows(num_rows: int) -> int:
    """Rows of a step: a power of two from 32 to 512 of which an epoch has at least 25.

    >>> [batch_rows(rows) for rows in (300, 1_000, 4_000, 1_000_000)]
    [32, 32, 128, 512]
    """
    size = _LARGEST
    while size > _SMALLEST and num_rows < _BATCHES * size:
        size //= 2
    return size


def outputs(network: nn.Module, table: Mapping[str, Tensor]) -> np.ndarray:
    """Outputs of a network in evaluation mode, float64 (N, K)."""
    network.eval()
    num_rows = len(next(iter(table.values())))
    with torch.no_grad():
        found = [
            network({n: t[start : start + _BLOCK] for n, t in table.items()})
            for start in range(0, num_rows, _BLOCK)
        ]
    return torch.cat(found).double().numpy()


def mean_graph(members: Sequence[nn.Module], table: Mapping[str, Tensor]) -> bytes:
    """The ONNX graph of the average of networks, with the inputs of `table`."""
    forms = {
        name: Form(np.dtype(np.float32 if name == NUMBERS else np.int64), tuple(tensor.shape[1:]))
        for name, tensor in table.items()
    }
    return export(Mean(members), forms)


def _loss(rows: TableRows) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean loss of a batch."""
    if not rows.has_classes:
        return lambda output_NK, target_N: functional.mse_loss(output_NK[:, 0], target_N)
    weight_K = None if rows.weight_K is None else torch.from_numpy(rows.weight_K)
    return lambda output_NK, target_N: functional.cross_entropy(output_NK, target_N, weight_K)


def _batches(fit_M: np.ndarray, size: int, epochs: int, seed: int) -> Iterator[Tensor]:
    """Rows of each step, in an order drawn anew for each epoch."""
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order_M = generator.permutation(fit_M)
        for start in range(0, len(order_M), size):
            yield torch.from_numpy(order_M[start : start + size])


def _follow(state: State, network: nn.Module, step: int) -> None:
    """Move the average of the weights after a step, counted from 1."""
    with torch.no_grad():
        move = get_ema_multi_avg_fn(min(_EMA, step / (10 + step)))
        names = [name for name, value in state.items() if value.is_floating_point()]
        now = network.state_dict()
        move([state[n] for n in names], [now[n] for n in names], None)


def _answers(network: nn.Module, state: State, held: Mapping[str, Tensor]) -> Tensor:
    """Outputs of the averaged weights."""
    network.eval()
    with torch.no_grad():
        return torch.func.functional_call(network, state, (held,))
