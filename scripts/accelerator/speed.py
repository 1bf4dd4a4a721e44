"""Rows a second of a training step, beside a matrix product of the same precision, and its memory.

`step` has its inputs on the device; `rows` gathers them from the prepared set, copies and scales
them first, which is what a training does.  The share is that of the matrix product which was
measured in the same process, in the operations of linear layers and convolutions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from accelerator.work import (
    CPU,
    FAMILIES,
    PICTURE,
    TASK,
    Device,
    engine_of,
    network_of,
    precise_as,
    some_rows,
)
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.networks.preparing import Inputs
from stoker.train.batches import Batches
from stoker.train.settings import Settings
from stoker.train.speed import multiplications
from stoker.train.step import SingleEngine

_RATE = 1e-4


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    rows: int
    """Rows of the prepared set."""
    batches: tuple[int, ...]
    """Rows of a step."""
    side: int
    """Of the square matrices."""
    seconds: float
    """Of each measurement."""
    at_once: int
    """Calls between two looks at the clock, and before the first one."""


def matrix_products(device: Device, sizes: Sizes) -> dict[str, float]:
    """Tera-operations a second of a product of random square matrices, by precision."""
    found = {}
    for precision in device.precisions:
        with precise_as(precision, device):
            left, right = (torch.randn(sizes.side, sizes.side, device=device.torch) for _ in "12")
            if precision == "bfloat16":
                left, right = left.bfloat16(), right.bfloat16()
            product = torch.empty_like(left)
            a_second = _a_second(
                lambda a=left, b=right, c=product: torch.mm(a, b, out=c), device, sizes
            )
        found[precision] = 2 * sizes.side**3 * a_second / 1e12
    return found


def training(
    rows: PreparedSet, device: Device, sizes: Sizes, products: dict[str, float]
) -> list[dict[str, Any]]:
    """One record for each family, size of a batch and precision.

    Args:
        rows: Rows to train on.
        device: Where.
        sizes: How much is measured.
        products: What `matrix_products` found.
    """
    records = []
    for family, batch in itertools.product(FAMILIES, sizes.batches):
        operations = _operations(family, rows)
        for precision in device.precisions:
            found = _measure(_Run(family, batch, precision), rows, device, sizes)
            tera = found["step_rows_per_s"] * operations / 1e12
            found |= {"tflops": tera, "share_of_product": tera / products[precision]}
            records.append(found)
    return records


@dataclass(frozen=True)
class _Run:
    """What is measured."""

    family: str
    batch: int
    precision: str


def _measure(run: _Run, rows: PreparedSet, device: Device, sizes: Sizes) -> dict[str, Any]:
    if device.is_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device.torch)
    settings = Settings(batch_size=run.batch)
    engine = engine_of(network_of(run.family, PICTURE), settings, device, run.precision)
    batches = Batches(rows, settings, num_outputs=TASK.output.width, seed=0)
    chunks = _Chunks(engine, batches)
    with engine.using(torch.get_num_threads()):
        inputs, target, bounds = chunks.next()
        start, stop = bounds[0]
        inputs, target = inputs.rows(start, stop), target[start:stop]
        alone = _a_second(lambda: engine.step(inputs, target, rate=_RATE, number=0), device, sizes)
        with_rows = _a_second(chunks.train, device, sizes)
    peak = torch.cuda.max_memory_allocated(device.torch) if device.is_cuda else None
    return {
        "family": run.family,
        "device": device.torch.type,
        "batch": run.batch,
        "precision": run.precision,
        "step_rows_per_s": alone * (stop - start),
        "rows_per_s": with_rows * chunks.mean_rows,
        "peak_memory_bytes": peak,
    }


class _Chunks:
    """Chunks of batches, one after the other."""

    def __init__(self, engine: SingleEngine, batches: Batches) -> None:
        self._engine, self._batches = engine, batches
        self._places = _places(batches.chunks_per_epoch)
        self.mean_rows = batches.rows / batches.chunks_per_epoch
        """Rows of a chunk."""

    def next(self) -> tuple[Inputs, Tensor, list[tuple[int, int]]]:
        """Inputs and targets of the next chunk, and where its batches lie."""
        chunk = self._batches.load(*next(self._places))
        return *self._engine.load(chunk), chunk.bounds

    def train(self) -> None:
        """Take the steps of the next chunk."""
        inputs, target, bounds = self.next()
        for start, stop in bounds:
            self._engine.step(inputs.rows(start, stop), target[start:stop], rate=_RATE, number=0)


def _places(chunks_per_epoch: int) -> Iterator[tuple[int, int]]:
    """Epoch and chunk, without end."""
    for epoch in itertools.count():
        for chunk in range(chunks_per_epoch):
            yield epoch, chunk


def _operations(family: str, rows: PreparedSet) -> int:
    """Operations of a step for one row."""
    row, _ = some_rows(rows, 1, CPU)
    return 2 * multiplications(network_of(family, PICTURE), row)


def _a_second(call: Callable[[], object], device: Device, sizes: Sizes) -> float:
    """Calls a second, after some to warm up."""
    for _ in range(sizes.at_once):
        call()
    device.wait()
    begin, count, passed_s = time.perf_counter(), 0, 0.0
    while passed_s < sizes.seconds:
        for _ in range(sizes.at_once):
            call()
        device.wait()
        count += sizes.at_once
        passed_s = time.perf_counter() - begin
    return count / passed_s
