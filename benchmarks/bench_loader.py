"""What does a shuffled batch cost, next to a bare gather of the memory map?

Question:  one epoch of MNIST-shaped rows (60,000 of 784 bytes, batch 64) as uint8 batches in random
           order: is the loader's own work (order, chunks, targets, tensors) small?
Method:    A B A B ..., median of 15 epochs, one thread, the same memory-mapped files.  The bare
           gather takes 64 rows at a time from the map into a fresh array, `pixels[index]`, and
           their labels likewise, with the permutation made beforehand.  Both give tensors.
Run:       make bench BENCH=loader         (about 20 s; writes benchmarks/results/loader.json)
Read:      `ratio` = ours / bare gather; at most 1.2 is the target, below 1 means ours is cheaper.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import save

from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.train.augment import Augmentation
from stoker.train.augment.shift import Shift
from stoker.train.batches import Batches, epoch_order

ROWS, BATCH, ROUNDS = 60_000, 64, 15


def write(folder: Path) -> PreparedSet:
    """A prepared set of random pictures."""
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (ROWS, 1, 28, 28), dtype=np.uint8)
    target = random.integers(0, 10, ROWS)
    columns = {"image": Column("uint8", (1, 28, 28))}
    with PreparedWriter(folder, "train", columns, "int64") as writer:
        writer.append({"image": image}, target=target, row=np.arange(ROWS))
    return PreparedSet.open(folder, "train")


def ours(prepared: PreparedSet, augment: tuple[Augmentation, ...] = ()) -> Callable[[int], int]:
    """One epoch of stoker's loader; touches every batch."""
    batches = Batches(prepared, batch_size=BATCH, augment=augment, num_outputs=10, seed=0)

    def epoch(number: int) -> int:
        rows = 0
        for position in range(batches.chunks_per_epoch):
            chunk = batches.load(number, position)
            for start, stop in chunk.bounds:
                image, target = chunk.raw["image"][start:stop], chunk.target[start:stop]
                rows += len(image) + len(target) - BATCH
        return rows

    return epoch


def bare(prepared: PreparedSet) -> Callable[[int], int]:
    """One epoch of fancy indexing on the map."""
    orders = [epoch_order(ROWS, 0, number) for number in range(ROUNDS + 1)]
    pixels, labels = prepared.columns["image"], prepared.target

    def epoch(number: int) -> int:
        rows = 0
        for start in range(0, ROWS, BATCH):
            index = orders[number][start : start + BATCH]
            image, target = torch.from_numpy(pixels[index]), torch.from_numpy(labels[index])
            rows += len(image) + len(target) - BATCH
        return rows

    return epoch


def main() -> None:
    """Compare, and save."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        prepared = write(Path(folder))
        sides = {
            "bare gather": bare(prepared),
            "stoker": ours(prepared),
            "stoker with shift": ours(prepared, (Shift(pixels=1),)),
        }
        wall: dict[str, list[float]] = {name: [] for name in sides}
        cpu: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(ROUNDS + 1):
            for name, epoch in sides.items():
                begin, begin_cpu = time.perf_counter(), time.process_time()
                epoch(number)
                wall[name].append(time.perf_counter() - begin)
                cpu[name].append(time.process_time() - begin_cpu)
    rows: list[dict[str, Any]] = []
    base = statistics.median(cpu["bare gather"][1:])
    for name in sides:
        cpu_s = statistics.median(cpu[name][1:])
        wall_s = statistics.median(wall[name][1:])
        rows.append(
            {
                "who": name,
                "wall_s": round(wall_s, 4),
                "cpu_s": round(cpu_s, 4),
                "ratio": round(cpu_s / base, 2),
            }
        )
    save("loader", rows, libraries=["torch", "numpy"])


if __name__ == "__main__":
    main()
