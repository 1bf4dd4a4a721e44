"""Whole commands from raw files to gated bundle and report: time, memory and the score they reach.

    python benchmarks/bench_runs.py [mnist-mlp] [mnist] [census]

Each run starts with an empty home; the package with the raw data is already in the download cache,
so the network is not measured.  Training time is taken from the run's own stage record.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from _measure import Measured, measure, save

EXAMPLES = Path(__file__).parent.parent / "examples"
STOKER = str(Path(sys.executable).with_name("stoker"))
SEEDS = {"mnist-mlp": 5, "mnist": 1, "census": 1}
METRIC = {"mnist-mlp": "accuracy", "mnist": "accuracy", "census": "roc_auc"}


def run_example(name: str, seed: int) -> tuple[Measured, dict[str, Any]]:
    """One `stoker run` of an example in a home of its own, and the JSON object it prints last."""
    with tempfile.TemporaryDirectory() as home:
        recipe = str(EXAMPLES / f"{name}.yaml")
        done = measure([STOKER, "run", recipe, "--home", home, "--json", "--set", f"seed={seed}"])
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        report = json.loads(Path(answer["report"]).with_suffix(".json").read_bytes())
        answer["training"] = report["training"]["seconds"]
    return done, answer


def row_of(name: str) -> dict[str, Any]:
    """Medians over the seeds of one example."""
    results = [run_example(name, seed) for seed in range(SEEDS[name])]
    metric = METRIC[name]
    scores = [answer["metrics"][metric] for _, answer in results]
    middle = sorted(scores, key=lambda score: score["value"])[len(scores) // 2]
    return {
        "example": name,
        "seeds": SEEDS[name],
        "metric": metric,
        "median": middle["value"],
        "low": middle["low"],
        "high": middle["high"],
        "all": [score["value"] for score in scores],
        "wall_s": round(statistics.median(done.wall_s for done, _ in results), 1),
        "cpu_s": round(statistics.median(done.cpu_s for done, _ in results), 1),
        "peak_mb": round(max(done.peak_mb for done, _ in results)),
        **checkpoint_share([answer["training"] for _, answer in results]),
        "stage_s": {
            stage: round(statistics.median(answer["seconds"][stage] for _, answer in results), 2)
            for stage in results[0][1]["seconds"]
        },
    }


def checkpoint_share(trainings: list[dict[str, float]]) -> dict[str, float]:
    """What checkpoints cost, as a share of training time; trees write none."""
    shares = [t["checkpoint"] / t["total"] for t in trainings if t.get("total")]
    return {"checkpoint_share": round(statistics.median(shares), 4)} if shares else {}


def main() -> None:
    """Run the named examples, or all."""
    names = sys.argv[1:] or list(SEEDS)
    rows = [row_of(name) for name in names]
    save("runs", rows, libraries=["torch", "lightgbm", "onnxruntime", "daft", "numpy"])


if __name__ == "__main__":
    main()
