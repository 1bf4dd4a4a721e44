"""Where a training stands, and how that goes to a checkpoint and comes back.

The state is weights, their average, the best weights so far, the optimiser, the losses of the
running epoch, the history, and the position (epoch, chunk, step).  Nothing else decides how
training goes on; a test drops each part in turn and sees the result change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from stoker.train.checkpoint import read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from stoker.train.strategies import Engine

History = list[dict[str, Any]]


_NUMBERS = (
    "epoch",
    "chunk",
    "step",
    "stopped",
    "history",
    "epoch_seconds",
    "elapsed_s",
    "first_loss",
)


@dataclass
class State:
    """The part of a training that moves, the weights apart."""

    losses: Tensor
    """Loss of each batch of the running epoch, float32; entries from the position on are stale."""
    epoch: int = 0
    """Epochs finished."""
    chunk: int = 0
    """Chunks of the running epoch finished."""
    step: int = 0
    """Optimiser steps taken."""
    stopped: str = ""
    """Why training is over; empty while it runs."""
    history: History = field(default_factory=list)
    """One record per finished epoch; deterministic, no times."""
    epoch_seconds: list[float] = field(default_factory=list)
    """Wall seconds of each finished epoch."""
    elapsed_s: float = 0.0
    """Wall seconds spent so far, those of killed runs included up to their last checkpoint."""
    first_loss: float | None = None
    """Mean of the first losses of all, against which divergence is judged."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights of the best epoch."""


def save_state(folder: Path, state: State, engine: Engine, numbers: dict[str, Any]) -> None:
    """Write a checkpoint; `numbers` are kept beside the state."""
    position = {name: getattr(state, name) for name in _NUMBERS}
    best = {f"best.{name}": tensor.cpu() for name, tensor in state.best.items()}
    tensors = {**engine.state(), **best, "losses": state.losses.cpu()}
    write_checkpoint(folder, tensors, {**numbers, **position})


def load_state(folder: Path, identity: str, state: State, engine: Engine) -> dict[str, Any] | None:
    """Put a checkpoint's state into `state` and `engine`; its numbers, or None without one."""
    found = read_checkpoint(folder, identity)
    if found is None:
        return None
    tensors, numbers = found
    engine.load_state(tensors)
    state.losses.copy_(tensors["losses"])
    best = {n.removeprefix("best."): t for n, t in tensors.items() if n.startswith("best.")}
    state.best = {name: tensor.to(engine.device) for name, tensor in best.items()}
    for name in _NUMBERS:
        setattr(state, name, numbers[name])
    return numbers


def copy_weights(network: torch.nn.Module) -> dict[str, Tensor]:
    """A copy of all weights and buffers that are saved."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
