"""One optimiser step on one device: the hot path.

Nothing here is done per row, nothing waits for a number, and no object is made that outlives the
step.  Four readings of the clock split the time into forward, backward and optimiser; on a GPU they
tell when work was asked for, not when it was done.

Gradients are dropped after each step instead of set to zero, which saves a pass over the weights.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stoker.networks.preparing import (
    Inputs,
    RowsTensor,
    moved,
    num_rows,
    preparing,
    tensors_between,
)
from stoker.train.averaging import Average
from stoker.train.checkpoint import optimizer_tensors, restore_optimizer
from stoker.train.strategies import Engine
from stoker.train.threads import num_threads

if TYPE_CHECKING:
    from stoker.train.chunk import Chunk
    from stoker.train.losses import LossFunction
    from stoker.train.step_settings import StepSettings

_HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class SingleEngine(Engine):
    """A network on one device, its optimiser, and what one step of it is."""

    def __init__(
        self,
        network: nn.Module,
        loss: LossFunction,
        settings: StepSettings,
        *,
        device: torch.device,
        precision: str = "float32",
        is_compiled: bool = False,
    ) -> None:
        """Move the network and build the optimiser.

        Args:
            network: Trained in place.
            loss: What is made small.
            settings: Optimiser, clipping, accumulation, averaging.
            device: Where it computes.
            precision: As of `Single`.
            is_compiled: Whether torch compiles the network.
        """
        self._device = device
        self.network = network.to(self._device)
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = settings.optimizer.build(network.named_parameters(), rate=settings.rate)
        self.average = Average(network, settings.ema) if settings.ema else None
        self.seconds = {"forward": 0.0, "backward": 0.0, "optimizer": 0.0}
        self.norm = math.nan
        self._halves = preparing(network)
        self._learn = torch.compile(self._halves.learn) if is_compiled else self._halves.learn
        self._loss = loss.to(self.device)
        self._clip, self._pieces = settings.gradient_clip, settings.accumulate
        self._half = _HALVES.get(precision)
        self._is_short = precision == "tf32"
        # Without a scale the smallest gradients of float16 would be zero.
        needs_scale = self._half is torch.float16
        self._scaler = torch.amp.GradScaler(self.device.type) if needs_scale else None

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self._device

    def load(self, chunk: Chunk) -> tuple[Inputs, Any]:
        """A chunk's inputs, prepared, and its targets, both on the device."""
        raw, target = chunk.raw, chunk.target
        if self.device.type != "cpu":
            raw = {name: moved(column, self.device) for name, column in raw.items()}
            target = moved(target, self.device)
        with torch.no_grad():
            return self._halves.prepare(raw), target

    def step(self, inputs: Inputs, target: RowsTensor, *, rate: float, number: int) -> Tensor:
        """Change the weights once; see `Engine`."""
        loss = self.gradient(inputs, target)
        begin = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self._scaler:
            self._scaler.unscale_(self.optimizer)
        if self.measures_norm:
            self.norm, self.measures_norm = self.gradient_norm(), False
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self._clip, foreach=True)
        if self._scaler:
            self._scaler.step(self.optimizer)
            self._scaler.update()
        else:
            self.optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
        if self.average:
            self.average.update(number)
        self.seconds["optimizer"] += time.perf_counter() - begin
        return loss

    def gradient(self, inputs: Inputs, target: RowsTensor) -> Tensor:
        """Add the gradient of the batch's mean loss to the parameters; returns that loss."""
        if self._pieces == 1:
            return self._backward(inputs, target, share=1.0)
        size = num_rows(target)
        edges = [size * i // self._pieces for i in range(self._pieces + 1)]
        total = torch.zeros((), device=self.device)
        for start, stop in itertools.pairwise(edges):
            if start < stop:
                share = (stop - start) / size
                piece = inputs.rows(start, stop)
                some = tensors_between(target, start, stop)
                total += self._backward(piece, some, share=share) * share
        return total

    def gradient_norm(self) -> float:
        """Length of the gradient that `gradient` left."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        return float(nn.utils.get_total_norm(gradients)) if gradients else 0.0

    def scored(self) -> nn.Module:
        """The averaged network, or the network itself."""
        return self.average.finish() if self.average else self.network

    def seed(self, value: int) -> None:
        """Start the randomness of dropout."""
        # Not `torch.manual_seed`, which also asks every kind of accelerator: 75 microseconds.
        torch.default_generator.manual_seed(value)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(value)

    def state(self) -> dict[str, Tensor]:
        """Weights, their average, the optimiser, and the scale of a float16 loss."""
        parts: dict[str, Mapping[str, Tensor]] = {
            "network.": self.network.state_dict(),
            "average.": self.average.network.state_dict() if self.average else {},
            "optimizer.": optimizer_tensors(self.optimizer),
            "scale.": _scale_of(self._scaler) if self._scaler else {},
        }
        return {
            prefix + name: tensor.cpu()
            for prefix, part in parts.items()
            for name, tensor in part.items()
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(under("network.", tensors))
        restore_optimizer(self.optimizer, under("optimizer.", tensors))
        if self.average:
            self.average.network.load_state_dict(under("average.", tensors))
        if self._scaler:
            scale = {name: value.item() for name, value in under("scale.", tensors).items()}
            self._scaler.load_state_dict({**self._scaler.state_dict(), **scale})

    @contextmanager
    def using(self, threads: int) -> Iterator[None]:
        """Compute with so many CPU threads, in the precision that was asked for."""
        # pyrefly: ignore [missing-attribute] - torch makes `conv` when it is imported
        backends = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)
        before = [backend.fp32_precision for backend in backends]
        try:
            for backend in backends if self.device.type == "cuda" else ():
                backend.fp32_precision = "tf32" if self._is_short else "ieee"
            with num_threads(threads):
                yield
        finally:
            for backend, form in zip(backends, before, strict=True):
                backend.fp32_precision = form

    def _backward(self, inputs: Inputs, target: RowsTensor, *, share: float) -> Tensor:
        begin = time.perf_counter()
        if self._half is None:
            loss = self._loss(self._learn(inputs), target)
        else:
            with self._autocast():
                output = self._learn(inputs)
            loss = self._loss(output.float(), target)
        middle = time.perf_counter()
        part = loss if share == 1 else loss * share
        (self._scaler.scale(part) if self._scaler else part).backward()
        self.seconds["forward"] += middle - begin
        self.seconds["backward"] += time.perf_counter() - middle
        return loss.detach()

    def _autocast(self) -> torch.autocast:
        # Without its cache: it keeps 16-bit copies of weights, which a step has changed since.
        return torch.autocast(self.device.type, dtype=self._half, cache_enabled=False)


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin so, under the rest of their names."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _scale_of(scaler: torch.amp.GradScaler) -> dict[str, Tensor]:
    """The scale of a loss, and how many steps it has held."""
    numbers = scaler.state_dict()
    scale = torch.tensor(numbers["scale"], dtype=torch.float64)
    return {"scale": scale, "_growth_tracker": torch.tensor(numbers["_growth_tracker"])}
