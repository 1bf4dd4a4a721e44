"""What do very wide and very long tables cost, next to stoker 0.1.0?

Question:  CPU seconds and peak memory of `init` and `run` (`preset: good`) on 300 rows of 6,000
           numbers, and on 1,000,000 rows of 30 numbers and 10 categories, both as CSV.
Method:    each version is a process of its own on the same Python and the same libraries; they take
           turns.  The peak is that of the largest process.
Run:       python benchmarks/bench_sizes.py [--rounds 1] [wide] [long]
           The sources of 0.1.0 (a folder with `stoker/`) stand in STOKER_OLD_SOURCE; without it the
           old version is not run.
Read:      `cpu_s` of both commands; `times_ours` is how much dearer 0.1.0 is; `peak_of_file` the
           peak of memory as a multiple of the file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _measure import Measured, measure, save
from pyarrow import csv

HERE = Path(__file__).parent
_NEW = str(HERE.parent / "src")


def write_wide(path: Path) -> None:
    """300 rows of 6,000 numbers, five of which decide."""
    draw = np.random.default_rng(0)
    value_NC = draw.normal(size=(300, 6_000)).round(4)
    target = np.where(value_NC[:, :5].sum(1) + draw.normal(size=300) > 0, "yes", "no")
    columns = {f"gene {place}": value_NC[:, place] for place in range(value_NC.shape[1])}
    csv.write_csv(pa.table(columns | {"ill": target}), path)


def write_long(path: Path) -> None:
    """1,000,000 rows of 30 numbers and 10 categories, six of which decide."""
    draw = np.random.default_rng(0)
    rows = 1_000_000
    numbers = {f"n{place}": draw.normal(size=rows).round(3) for place in range(30)}
    codes = {f"c{place}": draw.integers(0, 5 + 20 * place, rows) for place in range(10)}
    pull = numbers["n0"] + np.sin(3 * numbers["n1"]) + numbers["n2"] * numbers["n3"]
    pull = pull + np.sin(codes["c1"]) + 0.5 * (codes["c2"] % 3) + draw.logistic(size=rows)
    texts = {name: pa.array([f"kind {code}" for code in code_N]) for name, code_N in codes.items()}
    target = np.where(pull > 0.5, "yes", "no")
    csv.write_csv(pa.table({**numbers, **texts, "bought": target}), path)


TABLES = {"wide": (write_wide, "ill"), "long": (write_long, "bought")}


def one_run(source: str, path: Path, target: str) -> tuple[list[Measured], int]:
    """The two commands of one version, and the size of what they read."""
    env = {"PYTHONPATH": source}
    stoker = [sys.executable, "-m", "stoker"]
    with tempfile.TemporaryDirectory() as scratch:
        recipe, home = str(Path(scratch) / "recipe.yaml"), str(Path(scratch) / "home")
        init = [*stoker, "init", "table", str(path), "--target", target, "-o", recipe]
        run = [*stoker, "run", recipe, "--home", home, "--json"]
        return [measure(init, env=env), measure(run, env=env)], path.stat().st_size


def row_of(name: str, rounds: int) -> dict[str, Any]:
    """Medians of both versions on one table."""
    write, target = TABLES[name]
    old = os.environ.get("STOKER_OLD_SOURCE")
    sources = {"stoker": _NEW} | ({"stoker 0.1.0": old} if old else {})
    found: dict[str, list[dict[str, float]]] = {who: [] for who in sources}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        write(path)
        for _ in range(rounds):
            for who, source in sources.items():
                done, size = one_run(source, path, target)
                peak_mb = max(one.peak_mb for one in done)
                found[who].append(
                    {
                        "cpu_s": sum(one.cpu_s for one in done),
                        "wall_s": sum(one.wall_s for one in done),
                        "peak_mb": peak_mb,
                        "peak_of_file": peak_mb * 1e6 / size,
                    }
                )
                print(name, who, found[who][-1], file=sys.stderr, flush=True)
    middle = {
        who: {key: round(statistics.median(one[key] for one in runs), 2) for key in runs[0]}
        for who, runs in found.items()
    }
    ours = middle["stoker"]
    row = {"table": name, "file_mb": round(size / 1e6, 1), "versions": middle}
    if old:
        row["times_ours"] = round(middle["stoker 0.1.0"]["cpu_s"] / ours["cpu_s"], 2)
    return row | {"peak_mb": ours["peak_mb"], "peak_of_file": ours["peak_of_file"]}


def main() -> None:
    """Run the named tables, or both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    rows = [row_of(name, options.rounds) for name in options.names or TABLES]
    save("sizes", rows, libraries=["lightgbm", "onnxruntime", "daft", "numpy", "pyarrow"])


if __name__ == "__main__":
    main()
