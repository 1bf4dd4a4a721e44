"""Checkpoints: all that training needs to go on bit for bit, whole on disk or not at all.

Two files.  `state-<step>.safetensors` holds the tensors (weights, their average, the best weights,
the optimiser, the losses of the epoch so far); `checkpoint.json` holds the numbers, the name of the
tensor file and its SHA-256, and is replaced last: that replacement is the commit.  There is no
random state in it: every draw is a pure function of (seed, position).

A file whose hash differs is never parsed.  Since training is exact, starting again gives the same
result, so a damaged checkpoint costs time and not truth: it is reported and left aside.

Cost: one copy of the state through memory, two flushes to disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.store.durable import make_folder, write_file

FORMAT = 1
_INDEX = "checkpoint.json"


def write_checkpoint(folder: Path, tensors: Mapping[str, Tensor], numbers: dict[str, Any]) -> None:
    """Replace the checkpoint in `folder`.

    Args:
        folder: Where checkpoints of this training live; made if missing.
        tensors: State as named tensors.
        numbers: State as JSON values; holds at least `identity` and `step`.

    Raises:
        MachineError: If the disk refuses; the previous checkpoint is then still whole.
    """
    make_folder(folder)
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    name = f"state-{numbers['step']:09d}.safetensors"
    write_file(folder / name, data)
    index = {"format": FORMAT, "file": name, "sha256": _sha256(data), **numbers}
    write_file(folder / _INDEX, canonical_json(index))
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def read_checkpoint(folder: Path, identity: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The checkpoint of this very training, or None to start from the beginning.

    Args:
        folder: Where `write_checkpoint` put it.
        identity: What the training's settings, data and code must be; another one is ignored.
    """
    index_path = folder / _INDEX
    if not index_path.is_file():
        return None
    try:
        index = json.loads(index_path.read_bytes())
        found = (index["format"], index["identity"])
        data = (folder / Path(index["file"]).name).read_bytes()
        whole = _sha256(data) == index["sha256"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        return _set_aside(f"cannot be read ({type(error).__name__})")
    if found != (FORMAT, identity):
        return _set_aside("belongs to other settings, data or versions")
    if not whole:
        return _set_aside("is damaged: its SHA-256 differs")
    return load(data), index


def _set_aside(reason: str) -> None:
    events.warning(f"the checkpoint {reason}; training starts from the beginning", passing=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimiser as named tensors.

    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> adam = torch.optim.AdamW([weight])
    >>> weight.sum().backward(); adam.step()
    >>> sorted(optimizer_tensors(adam))
    ['0.exp_avg', '0.exp_avg_sq', '0.step']
    """
    return {
        f"{index}.{key}": value
        for index, weight in enumerate(_weights(optimizer))
        for key, value in optimizer.state.get(weight, {}).items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser the state that `optimizer_tensors` took from one like it.

    Fused kernels walk over weight and state side by side, so each tensor gets its weight's layout,
    and a count of steps lies on the device where the optimiser keeps it.
    """
    weights = _weights(optimizer)
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        weight = weights[int(index)]
        like = weight if value.ndim else optimizer.state[weight].get(key, value)
        optimizer.state[weight][key] = torch.empty_like(like).detach().copy_(value)


def _weights(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
