"""What does a shuffled batch cost, next to a bare gather of the memory map?

Question:  one epoch in random order, batch 64, of MNIST-shaped rows (60,000 of 784 bytes) and of
           census-shaped ones (200,000 of 41 columns): is the loader's own work (order, chunks,
           targets, tensors) small?
Method:    A B A B ..., median of 15 epochs, one thread, the same memory-mapped files.  The bare
           gather takes 64 rows at a time from the maps into fresh arrays, `column[index]`, and
           their labels likewise, with the permutation made beforehand.  Both give tensors.
Run:       make bench BENCH=loader         (about a minute; writes benchmarks/results/loader.json)
Read:      `ratio` = CPU time / bare gather's; at most 1.2 is the target, below 1 is cheaper.
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
from stoker.train.batches import Batches
from stoker.train.samplers.rows import Rows
from stoker.train.settings import Settings

BATCH, ROUNDS = 64, 15
SETS = {
    "pictures": (60_000, {"image": Column("uint8", (1, 28, 28))}),
    "table": (200_000, {f"c{i}": Column("float32" if i < 8 else "int32") for i in range(41)}),
}
Epoch = Callable[[int], int]
"""Goes through all batches of the epoch of that number; gives the rows seen."""


def write(folder: Path, num_rows: int, forms: dict[str, Column]) -> PreparedSet:
    """A prepared set of random numbers."""
    random = np.random.default_rng(0)
    columns = {
        name: random.integers(0, 256, (num_rows, *form.shape)).astype(form.dtype)
        for name, form in forms.items()
    }
    with PreparedWriter(folder, "train", forms, Column("int64")) as writer:
        writer.append(columns, target=random.integers(0, 10, num_rows), row=np.arange(num_rows))
    return PreparedSet.open(folder, "train")


def ours(prepared: PreparedSet, augment: tuple[Augmentation, ...] = ()) -> Epoch:
    """One epoch of stoker's loader; cuts every batch."""
    batches = Batches(prepared, Settings(batch_size=BATCH, augment=augment), num_outputs=10, seed=0)

    def epoch(number: int) -> int:
        rows = 0
        for position in range(batches.chunks_per_epoch):
            chunk = batches.load(number, position)
            columns = [*chunk.raw.values(), chunk.target]
            for batch in zip(*(column.split(BATCH) for column in columns), strict=True):
                rows += len(batch[0])
        return rows

    return epoch


def bare(prepared: PreparedSet) -> Epoch:
    """One epoch of fancy indexing on the maps."""
    size = len(prepared)
    draw = Rows().start(prepared, BATCH, seed=0)
    orders = [draw(number).order for number in range(ROUNDS + 1)]
    maps = [*prepared.columns.values(), prepared.target]

    def epoch(number: int) -> int:
        rows = 0
        for start in range(0, size, BATCH):
            index = orders[number][start : start + BATCH]
            batch = [torch.from_numpy(column[index]) for column in maps]
            rows += len(batch[0])
        return rows

    return epoch


def compare(what: str, sides: dict[str, Epoch]) -> list[dict[str, Any]]:
    """Median CPU and wall seconds of an epoch of each side, and the ratio to the first side."""
    wall: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        seen = set()
        for name, epoch in sides.items():
            begin, begin_cpu = time.perf_counter(), time.process_time()
            seen.add(epoch(number))
            wall[name].append(time.perf_counter() - begin)
            cpu[name].append(time.process_time() - begin_cpu)
        assert len(seen) == 1, f"the sides saw different numbers of rows: {seen}"
    base = statistics.median(cpu[next(iter(sides))][1:])
    return [
        {
            "what": what,
            "who": name,
            "wall_s": round(statistics.median(wall[name][1:]), 4),
            "cpu_s": round(statistics.median(cpu[name][1:]), 4),
            "ratio": round(statistics.median(cpu[name][1:]) / base, 2),
        }
        for name in sides
    ]


def main() -> None:
    """Compare, and save."""
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for what, (num_rows, forms) in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            prepared = write(Path(folder), num_rows, forms)
            sides = {"bare gather": bare(prepared), "stoker": ours(prepared)}
            if what == "pictures":
                sides["stoker with shift"] = ours(prepared, (Shift(pixels=1),))
            rows += compare(what, sides)
    save("loader", rows, libraries=["torch", "numpy"])


if __name__ == "__main__":
    main()
