"""Whether a device computes what the processor computes: answers, gradients, steps.

The yardstick is the network in float64 on the processor, given the same scaled inputs, so that the
processor's own float32 stands beside the device's in the result.  An error is the length of the
difference as a share of the length of what is right, over all numbers at once.

Weights are moved at random before, because a fresh `logistic` is all zeros and a fresh residual
block changes nothing.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from accelerator.work import (
    CPU,
    FAMILIES,
    MIXED,
    Device,
    engine_of,
    network_of,
    precise_as,
    some_rows,
)
from stoker.core.steps import find_step, step_names
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.networks.encoders import Scaled
from stoker.networks.preparing import PreparingNetwork
from stoker.train.optim import Optimizer
from stoker.train.settings import Settings
from stoker.train.step import SingleEngine

TOLERANCES = {
    "float32": {"output": 1e-5, "gradient": 5e-3, "step": 5e-3},
    "tf32": {"output": 5e-3, "gradient": 1e-1, "step": 1e-1},
    "bfloat16": {"output": 3e-2, "gradient": 3e-1, "step": 3e-1},
}
"""Largest errors.  A factor has 24 bits in float32, 11 in TF32 and 8 in bfloat16: one rounding is
6e-8, 5e-4 and 4e-3.  Outputs come within a few of those.  A gradient jumps where rounding turns a
ReLU over or lets another pixel win a pooling: the processor's own float32 was up to 8e-4 from
float64 in `cnn`, its bfloat16 0.15; in `mlp` 2e-7 and 0.014."""
OPTIMIZER_TOLERANCE = 1e-5
_ROWS, _MOVED, _STEPS = 64, 0.05, 3
_SGD = Settings.model_validate({"optimizer": {"sgd": {"weight_decay": 0.0}}, "rate": 0.1})


def networks(rows: PreparedSet, device: Device) -> list[dict[str, Any]]:
    """One record for each family, device and precision."""
    pairs = [(CPU, "float32")]
    pairs += [(device, precision) for precision in device.precisions]
    return [
        _compare(family, rows, place, precision)
        for family in FAMILIES
        for place, precision in dict.fromkeys(pairs)
    ]


def optimizers(device: Device) -> list[dict[str, Any]]:
    """One record for each optimiser: a few steps on equal gradients, there and on the processor."""
    return [_compare_optimizer(name, device) for name in step_names("stoker.train.optim")]


def _compare(family: str, rows: PreparedSet, device: Device, precision: str) -> dict[str, Any]:
    network = _moved(network_of(family, MIXED))
    raw, target_N = some_rows(rows, _ROWS, CPU)
    exact = engine_of(copy.deepcopy(network).double(), _SGD, CPU)
    right = _results(exact, _doubled(network.prepare(raw)), target_N)
    engine = engine_of(network, _SGD, device, precision)
    raw, target_N = some_rows(rows, _ROWS, device)
    with engine.using(1), precise_as(precision, device):
        found = _results(engine, network.prepare(raw), target_N)
    errors = {name: _error(found[name], right[name]) for name in right}
    allowed = TOLERANCES[precision]
    return {
        "family": family,
        "device": device.torch.type,
        "precision": precision,
        "errors": errors,
        "tolerances": allowed,
        "ok": all(errors[name] <= allowed[name] for name in errors),
    }


def _results(engine: SingleEngine, inputs: Scaled, target_N: Tensor) -> dict[str, Tensor]:
    """Outputs in evaluation, the gradient of a batch, and how a step of `sgd` moves the weights."""
    network = engine.network
    assert isinstance(network, PreparingNetwork)
    with torch.no_grad():
        output_NK = network.eval().learn(inputs)
    network.train()
    before = _joined(engine.parameters)
    engine.gradient(inputs, target_N)
    gradient = _joined([p.grad for p in engine.parameters if p.grad is not None])
    engine.optimizer.step()
    return {
        "output": output_NK,
        "gradient": gradient,
        "step": _joined(engine.parameters) - before,
    }


def _compare_optimizer(name: str, device: Device) -> dict[str, Any]:
    step = find_step("stoker.train.optim", name, Optimizer)()
    here = _walk(step, CPU)
    there = _walk(step, device)
    error = _error(there, here)
    return {
        "optimizer": name,
        "error": error,
        "tolerance": OPTIMIZER_TOLERANCE,
        "ok": error <= OPTIMIZER_TOLERANCE,
    }


def _walk(step: Optimizer, device: Device) -> Tensor:
    """How far the weights of a network move with random gradients."""
    network = _moved(network_of("cnn", MIXED)).to(device.torch)
    optimizer = step.build(network.named_parameters(), rate=1e-2)
    weights = list(network.parameters())
    before = _joined(weights)
    random = torch.Generator().manual_seed(1)
    for _ in range(_STEPS):
        for weight in weights:
            drawn = torch.randn(weight.shape, generator=random)
            weight.grad = torch.empty_like(weight).copy_(drawn)
        optimizer.step()
    return _joined(weights) - before


def _moved(network: PreparingNetwork) -> PreparingNetwork:
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(_MOVED * torch.randn_like(weight))
    return network


def _doubled(scaled: Scaled) -> Scaled:
    number_NM = None if scaled.number_NM is None else scaled.number_NM.double()
    images = tuple(image.double() for image in scaled.image_NCHW)
    return Scaled(images, number_NM, scaled.code_NK)


def _joined(tensors: list[Tensor]) -> Tensor:
    """All numbers in one row, as float64 on the processor."""
    return torch.cat([tensor.detach().cpu().double().flatten() for tensor in tensors])


def _error(found: Tensor, right: Tensor) -> float:
    right = right.detach().cpu().double()
    return float((found.detach().cpu().double() - right).norm() / right.norm())
