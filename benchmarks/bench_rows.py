"""What does a served answer of a table cost, next to stoker 0.1.0?

Question:  CPU milliseconds a request (user and system, of all processes of the server), with the
           model that each version makes of one table by its defaults: one row as JSON in, JSON out,
           32 clients that each wait for their answer (keep-alive).
Method:    as `bench_serve`, whose servers, rounds and clients these are; both versions run on the
           same Python and libraries, with a model worker that computes on one thread.  `boosted
           trees` is the same question with the same kind of model in both, as the average of
           candidates that is the default now has more trees.
Run:       STOKER_OLD_SOURCE=DIR python benchmarks/bench_rows.py [--rounds 7] [--seconds 3]
           DIR holds the sources of 0.1.0 (a folder with `stoker/`).
Read:      `cpu_ms` is the median of rounds; `times_ours` how much dearer 0.1.0 is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _measure import measure, save
from bench_serve import Server, round_of, serve_command, summary_of
from pyarrow import csv

HERE = Path(__file__).parent
_NEW = str(HERE.parent / "src")
_MODELS = {"default": [], "boosted trees": ["--set", "model=boosted_trees"]}


def write_table(path: Path) -> list[dict[str, Any]]:
    """4,000 rows of 12 numbers and 8 categories; some of them as records to ask with."""
    draw = np.random.default_rng(0)
    rows = 4_000
    numbers = {f"n{place}": draw.normal(size=rows).round(3) for place in range(12)}
    codes = {f"c{place}": draw.integers(0, 4 + 2 * place, rows) for place in range(8)}
    pull = (
        numbers["n0"] + np.sin(3 * numbers["n1"]) + np.sin(codes["c1"]) + draw.logistic(size=rows)
    )
    texts = {name: [f"kind {code}" for code in code_N] for name, code_N in codes.items()}
    table = pa.table({**numbers, **texts})
    csv.write_csv(table.append_column("bought", [np.where(pull > 0, "yes", "no").tolist()]), path)
    return table.slice(0, 64).to_pylist()


def bundle_of(source: str, path: Path, folder: Path, settings: list[str]) -> Path:
    """What one version makes of the table."""
    env, stoker = {"PYTHONPATH": source}, [sys.executable, "-m", "stoker"]
    recipe = str(folder / "recipe.yaml")
    measure([*stoker, "init", "table", str(path), "--target", "bought", "-o", recipe], env=env)
    run = [*stoker, "run", recipe, "--home", str(folder / "home"), "--json", *settings]
    done = measure(run, env=env)
    return Path(json.loads(done.stdout.strip().splitlines()[-1])["bundle"])


def request_of(record: dict[str, Any]) -> bytes:
    """A whole HTTP request with one row."""
    body = json.dumps(record).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def compare(model: str, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """One row a version."""
    old = os.environ.get("STOKER_OLD_SOURCE")
    sources = {"stoker": _NEW} | ({"stoker 0.1.0": old} if old else {})
    servers: list[tuple[Server, float]] = []
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        requests = [request_of(one) for one in write_table(Path(scratch) / "orders.csv")]
        try:
            for who, source in sources.items():
                folder = Path(scratch) / who
                folder.mkdir()
                bundle = bundle_of(source, Path(scratch) / "orders.csv", folder, _MODELS[model])
                server = Server(who, serve_command(bundle), "json", source=source)
                servers.append((server, server.wait(requests[0])))
            for _ in range(rounds + 1):
                for server, _ in servers:
                    rows.append({"server": server.name, **round_of(server, requests, seconds)})
            return [{"model": model, **row} for row in summary_of(rows, servers)]
        finally:
            for server, _ in servers:
                server.stop()


def main() -> None:
    """Compare with each kind of model, save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    rows = [row for model in _MODELS for row in compare(model, options.rounds, options.seconds)]
    save("rows", rows, libraries=("onnxruntime", "uvicorn", "httptools", "uvloop", "orjson"))


if __name__ == "__main__":
    main()
