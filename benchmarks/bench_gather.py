"""What does a random batch cost, next to a bare memory map?

Question:  is the batch loader at most 1.2 times the cost of fancy indexing of the memory map?
Method:    a prepared set of the shape of MNIST (60,000 x 1 x 28 x 28 uint8, int64 labels) and one
           of the shape of census (200,000 rows of 41 columns); the same random positions through
           `PreparedSet.gather` with reused buffers and through `memmap[index]` of every column,
           A B A B ..., median of 15 rounds of CPU seconds, one thread.
Run:       make bench BENCH=gather        (about 20 s; writes benchmarks/results/gather.json)
Read:      `ratio` = ours / bare; below 1 means the loader is cheaper than plain indexing.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _measure import save

from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter

ROUNDS = 15
SETS = {
    "pictures": (60_000, {"image": Column("uint8", (1, 28, 28))}),
    "table": (
        200_000,
        {f"c{i}": Column("float32" if i < 8 else "int32") for i in range(41)},
    ),
}


def main() -> None:
    """Batches of 64 and 1,024 rows of both sets."""
    rows = []
    for what, (num_rows, forms) in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), num_rows, forms)
            rows += [
                {"what": what, "batch": size} | compare(Path(folder), forms, size)
                for size in (64, 1024)
            ]
    save("gather", rows, libraries=["numpy"])


def write(folder: Path, num_rows: int, forms: dict[str, Column]) -> None:
    """A prepared set of random numbers."""
    generator = np.random.default_rng(0)
    columns = {
        name: generator.integers(0, 256, (num_rows, *form.shape)).astype(form.dtype)
        for name, form in forms.items()
    }
    with PreparedWriter(folder, "train", forms, "int64") as writer:
        writer.append(columns, target=generator.integers(0, 10, num_rows), row=np.arange(num_rows))


def compare(folder: Path, forms: dict[str, Column], size: int) -> dict[str, float]:
    """Median CPU microseconds of a batch, both ways."""
    prepared = PreparedSet.open(folder, "train")
    bare = [
        np.memmap(folder / f"train/inputs/{name}.bin", form.dtype, "r").reshape(-1, *form.shape)
        for name, form in forms.items()
    ]
    bare.append(np.memmap(folder / "train/target.bin", np.int64, "r"))
    generator = np.random.default_rng(1)
    order = generator.permutation(len(prepared))
    batches = [order[at : at + size] for at in range(0, 20_000, size)]
    out = prepared.buffers(size)
    first = prepared.gather(batches[0], out)
    assert all((first.columns[n] == b[batches[0]]).all() for n, b in zip(forms, bare, strict=False))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(once(lambda index: prepared.gather(index, out), batches))
        theirs.append(once(lambda index: [values[index] for values in bare], batches))
    us, them = statistics.median(ours), statistics.median(theirs)
    return {"ours_us": round(us, 1), "bare_us": round(them, 1), "ratio": round(us / them, 2)}


def once(take: Callable[[np.ndarray], object], batches: list[np.ndarray]) -> float:
    """CPU microseconds of one batch."""
    started = time.process_time()
    for index in batches:
        take(index)
    return (time.process_time() - started) / len(batches) * 1e6


if __name__ == "__main__":
    main()
