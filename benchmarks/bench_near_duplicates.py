"""What do near-duplicates of texts cost, next to datasketch and datatrove, and are they right?

Question:  CPU seconds from a file of real texts to the sets of texts that are nearly the same, at
           40 and 160 MB; how many of the pairs at a Jaccard similarity of 0.9 and more are found,
           and how many of the rows that go are truly like another one of their set.
Method:    texts are drawn from the files of STOKER_TEXTS (JSON lines with `text`), 5 % of them come
           once more with some words changed.  Each tool is a process of its own, one after the
           other in each round; seconds count from loaded libraries on.  Truth is the Jaccard
           similarity of sets of three words (signs in Chinese) in plain Python.  The peers run at
           40 MB only, and datatrove, which takes minutes, in the first round only.
Run:       STOKER_TEXTS=DIR python benchmarks/bench_near_duplicates.py [--rounds 3]
           The peers need a Python with datasketch 2, datatrove and spacy: STOKER_PEERS_PYTHON.
Read:      `times_ours` is the median of rounds, their seconds over ours; `recall` of the pairs with
           changed words at 0.9 and above, `precision` of the rows that go; `times_of_a_quarter` is
           what four times the text costs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _measure import measure, save
from _near_tools import SIMILARITY, sets_from, true_shingles_of

HERE = Path(__file__).parent
TEXTS = Path(os.environ.get("STOKER_TEXTS", HERE.parent / ".cache" / "texts"))
SIZES_MB = (40, 160)
_CHANGED = 0.05


def texts_of(folder: Path) -> list[str]:
    """All texts of the JSON lines files of a folder, in an order of their own."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.open("rb")]
    random.Random(0).shuffle(lines)
    return [json.loads(line)["text"] for line in lines]


def changed(text: str, draw: random.Random) -> str:
    """The text with up to 2 % of its words replaced."""
    words = text.split(" ")
    for place in draw.sample(range(len(words)), max(1, int(len(words) * draw.uniform(0, 0.02)))):
        words[place] = f"new{draw.randrange(1000)}"
    return " ".join(words)


def write(texts: list[str], size_mb: float, path: Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Write texts up to a size as rows of a dataset; gives them, and pairs made of one text."""
    rows: list[str] = []
    pairs, draw, left = [], random.Random(1), size_mb * 1e6
    for text in texts:
        if left < 0:
            break
        rows.append(text)
        if draw.random() < _CHANGED:
            pairs.append((len(rows) - 1, len(rows)))
            rows.append(changed(text, draw))
            left -= len(rows[-1].encode())
        left -= len(text.encode())
    size = len(rows)
    table = {
        "_row": np.arange(size),
        "_source": pa.repeat("texts.jsonl", size),
        "_line": np.arange(1, size + 1),
        "_part": pa.nulls(size, pa.string()),
        "text": pa.array(rows, pa.string()),
    }
    pq.write_table(pa.table(table), path, row_group_size=4096)
    return rows, pairs


def similarity(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    """Jaccard's."""
    return len(one & other) / max(1, len(one | other))


def quality(rows: list[str], pairs: list[tuple[int, int]], set_N: np.ndarray) -> dict[str, float]:
    """Recall of changed texts, and the share of rows that go which are like one of their set."""
    near = [
        pair for pair in pairs if similarity(*(true_shingles_of(rows[row]) for row in pair)) >= 0.9
    ]
    found = sum(set_N[one] == set_N[other] for one, other in near)
    gone = right = 0
    order = np.argsort(set_N, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(set_N[order])) + 1):
        if len(members) > 1:
            sets = [true_shingles_of(rows[row]) for row in members]
            likes = [
                (i, j)
                for i in range(len(sets))
                for j in range(i)
                if similarity(sets[i], sets[j]) >= SIMILARITY
            ]
            gone += len(sets) - 1
            right += len(sets) - len(set(sets_from(len(sets), likes).tolist()))
    return {
        "changed_pairs": len(near),
        "recall": found / max(1, len(near)),
        "rows_gone": gone,
        "precision": right / max(1, gone),
    }


def command_of(tool: str) -> list[str]:
    """How a tool is started, with the Python that has it."""
    python = sys.executable if tool == "stoker" else os.environ["STOKER_PEERS_PYTHON"]
    return [python, str(HERE / "_near_tools.py"), tool]


def compare(texts: list[str], size_mb: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """One row a tool."""
    path = folder / f"texts-{size_mb}.parquet"
    rows, pairs = write(texts, size_mb, path)
    true_mb = sum(len(row.encode()) for row in rows) / 1e6
    peers = ["datasketch", "datatrove"] if "STOKER_PEERS_PYTHON" in os.environ else []
    tools = ["stoker", *(peers if size_mb == min(SIZES_MB) else [])]
    env = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parent / "src")}
    runs: dict[str, list[dict[str, float]]] = {tool: [] for tool in tools}
    for turn in range(rounds):
        for tool in tools[: len(tools) if turn == 0 else 2]:
            done = measure([*command_of(tool), str(path), str(folder / f"{tool}.npy")], env=env)
            runs[tool].append(json.loads(done.stdout.splitlines()[-1]))
    ours = [run["cpu_s"] for run in runs["stoker"]]
    found = []
    for tool in tools:
        cpu_s = [run["cpu_s"] for run in runs[tool]]
        found.append(
            {
                "what": f"{size_mb} MB",
                "who": tool,
                "rows": len(rows),
                "cpu_s": statistics.median(cpu_s),
                "mb_per_cpu_s": true_mb / statistics.median(cpu_s),
                "wall_s": statistics.median(run["wall_s"] for run in runs[tool]),
                "peak_mb": max(run["peak_mb"] for run in runs[tool]),
                "times_ours": statistics.median(a / b for a, b in zip(cpu_s, ours, strict=False)),
                **quality(rows, pairs, np.load(folder / f"{tool}.npy")),
            }
        )
    return found


def main() -> None:
    """Compare at both sizes, save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = texts_of(TEXTS)
    with tempfile.TemporaryDirectory() as scratch:
        rows = [
            row for size in SIZES_MB for row in compare(texts, size, options.rounds, Path(scratch))
        ]
    first, last = (next(r for r in rows if r["what"] == f"{size} MB") for size in SIZES_MB)
    last["times_of_a_quarter"] = last["cpu_s"] / first["cpu_s"]
    save(
        "near_duplicates",
        rows,
        libraries=("daft", "numpy", "pyarrow"),
        peers=("datasketch", "datatrove"),
    )


if __name__ == "__main__":
    main()
