"""What is measured, how much of it, and what of it is written down."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.bundle.read import GRAPH_FILE, open_bundle
from stoker.candidates.leaderboard import Entry, Leaderboard
from stoker.cells.ragged import Ragged
from stoker.compress import Material
from stoker.core.errors import ArtifactError
from stoker.core.events import Silent, listening
from stoker.core.steps import step_spec
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.frontier import board
from stoker.frontier import choose as frontier
from stoker.frontier.choose import choose_candidate
from stoker.models.mlp import Mlp
from tests.frontier.test_choose import Copy, Impossible, row

COLUMNS = {"x": np.arange(5, dtype=np.float32), "y": np.arange(5, dtype=np.int32) * 10}


def entry(name: str, weight: float) -> Entry:
    return Entry(name=name, model={}, score=1.0, weight=weight)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, dict[str, list[float]]]]:
    """Graphs that were made ready, with the rows they are asked about."""
    found: list[tuple[bytes, dict[str, list[float]]]] = []

    def asker(graph: bytes, tensors: Mapping[str, np.ndarray]) -> Any:
        found.append((graph, {name: value.tolist() for name, value in tensors.items()}))
        return lambda: None

    monkeypatch.setattr(board, "asker", asker)
    return found


def test_the_first_three_and_every_member_are_measured_by_the_first_row(asked: Any) -> None:
    weights = {"a": 0.0, "b": 0.6, "c": 0.0, "d": 0.0, "e": 0.4, "f": 0.4}
    entries = tuple(entry(name, weight) for name, weight in weights.items())
    before = Leaderboard(metric="rmse", rows=9, how="held out", entries=entries)
    graphs = {name: (lambda name=name: name.encode() * 7) for name in "abcde"}
    after, times = board.measure_candidates(before, graphs, COLUMNS)
    assert list(times) == ["a", "b", "c", "e"]
    assert all(0 < one < 1000 for one in times.values())
    assert [one.size_bytes for one in after.entries] == [7, 7, 7, None, 7, None]
    assert [one.name for one in after.entries] == list("abcdef")
    assert (after.metric, after.rows, after.how) == ("rmse", 9, "held out")
    assert [graph for graph, _ in asked] == [name.encode() * 7 for name in "abce"]
    assert all(sorted(rows.values()) == [[0.0], [0]] for _, rows in asked)


def test_the_time_of_an_answer_is_the_middle_of_nine(
    monkeypatch: pytest.MonkeyPatch, asked: Any
) -> None:
    """Answers that take 1, 2, ... 9 s."""
    ends = [second for number in range(1, 10) for second in (100.0 * number, 101.0 * number)]
    monkeypatch.setattr("time.perf_counter", iter(ends).__next__)
    graphs = {"a": lambda: b"graph"}
    before = Leaderboard(metric="rmse", rows=9, how="held out", entries=(entry("a", 1.0),))
    assert board.measure_candidates(before, graphs, COLUMNS)[1] == {"a": 5000.0}


@pytest.mark.parametrize(
    ("work", "rows"),
    [
        (0, 1024),
        (1, 1024),
        (25_000_000_000 // 1024, 1024),
        (25_000_000_000 // 1000, 1000),
        (25_000_000_000 // 65, 65),
        (25_000_000_000 // 64, 64),
        (25_000_000_000 // 63, 64),
        (10**12, 64),
    ],
)
def test_a_pass_over_calibration_rows_is_bounded_in_work(
    case: Any, monkeypatch: pytest.MonkeyPatch, work: int, rows: int
) -> None:
    told = []

    def multiplications(self: Mlp, picture: Any, columns: int, outputs: int) -> int:
        told.append((picture, columns, outputs))
        return work

    monkeypatch.setattr(Mlp, "multiplications", multiplications)
    source = dataclasses.replace(open_bundle(case.bundle), model={"step": step_spec(Mlp())})
    assert frontier._calibration_rows(source, case.train) == rows
    assert told == [((1, 16, 16), 0, source.interface.task.output.width)]


def test_the_work_counts_every_number_and_each_column_of_rows_of_any_length(
    case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"one": Column("float32"), "three": Column("float32", (3,))}
    form["text"] = Column("int32", ragged=True)
    with PreparedWriter(tmp_path, "train", form, Column("int64")) as writer:
        text = Ragged(np.arange(4, dtype=np.int32), np.array([0, 1, 4]))
        numbers = {"one": np.zeros(2, np.float32), "three": np.zeros((2, 3), np.float32)}
        writer.append({**numbers, "text": text}, target=np.arange(2), row=np.arange(2))
    told = []
    monkeypatch.setattr(Mlp, "multiplications", lambda self, *seen: told.append(seen) or 1)
    source = dataclasses.replace(open_bundle(case.bundle), model={"step": step_spec(Mlp())})
    frontier._calibration_rows(source, PreparedSet.open(tmp_path, "train"))
    assert told == [(None, 5, source.interface.task.output.width)]


def test_a_model_that_says_nothing_of_its_cost_gets_all_calibration_rows(case: Any) -> None:
    source = dataclasses.replace(open_bundle(case.bundle), model={})
    assert frontier._calibration_rows(source, case.train) == frontier.CALIBRATION_ROWS


def test_a_row_says_all_of_a_candidate_and_the_file_all_but_times(
    case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "_SECONDS", 0.05)
    parts = (case.train, case.validation)
    result = choose_candidate(
        case.bundle, (Copy(), Copy(), Impossible()), parts, tmp_path / "out", max_accuracy_loss=0.02
    )
    kept = json.loads((tmp_path / "out/compress.json").read_bytes())
    assert set(result) == set(kept)
    assert set(kept) == {
        "format", "max_accuracy_loss", "chosen", "reason", "compared_rows", "validation_rows",
        "rows",
    }  # fmt: skip
    assert (kept["format"], kept["max_accuracy_loss"]) == (1, 0.02)
    assert kept["compared_rows"] == kept["validation_rows"] == len(case.validation)
    assert [one["name"] for one in kept["rows"]] == ["model", "Copy", "Copy-2", "Impossible"]
    model, copy, skipped = (row(result, name) for name in ("model", "Copy", "Impossible"))
    shared = {"name", "scores", "latency_ms", "size_bytes", "status", "reason", "step"}
    assert set(model) == shared
    assert set(copy) == shared | {"changes", "speed", "size_ratio"}
    assert set(skipped) == {"name", "status", "reason", "step"}
    assert skipped["status"] == "skipped"
    assert set(row(kept, "Copy")) == set(copy) - {"latency_ms", "speed"}
    files = open_bundle(case.bundle).manifest.files
    assert model["size_bytes"] == files[GRAPH_FILE].size
    assert copy["size_ratio"] == model["size_bytes"] / copy["size_bytes"]
    assert set(copy["latency_ms"]) == set(copy["speed"]) == {"1", "32"}
    for size, speed in copy["speed"].items():
        assert speed == model["latency_ms"][size] / copy["latency_ms"][size]
    assert set(copy["changes"]["accuracy"]) == {"value", "low", "high"}


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, 15), (1e9, 20)])
def test_candidates_take_turns_for_a_while(
    case: Any, monkeypatch: pytest.MonkeyPatch, seconds: float, rounds: int
) -> None:
    """At least fifteen rounds, at most so many, whatever the clock says; after one to warm up."""
    monkeypatch.setattr(frontier, "_SECONDS", seconds)
    monkeypatch.setattr(frontier, "_MOST_ROUNDS", 20)
    calls: list[tuple[str, int]] = []

    class Counting:
        def __init__(self, name: str) -> None:
            self.name = name

        def outputs_of(self, batch: Mapping[str, np.ndarray]) -> None:
            calls.append((self.name, len(batch["x"])))

    predictors: Any = {"model": Counting("model"), "other": Counting("other")}
    times = frontier._latency_ms(predictors, COLUMNS, 7)
    assert set(times) == {"model", "other"}
    assert calls == (1 + rounds) * [("model", 7), ("other", 7)]


def test_a_batch_begins_again_where_the_rows_end() -> None:
    batch = frontier._batch(COLUMNS, 7)
    assert np.array_equal(np.asarray(batch["x"]), [0, 1, 2, 3, 4, 0, 1])


@pytest.mark.parametrize(("length", "rows"), [(4, 1024), (128, 128), (10_000, 64)])
def test_long_texts_calibrate_by_fewer(case: Any, tmp_path: Path, length: int, rows: int) -> None:
    with PreparedWriter(
        tmp_path, "train", {"t": Column("uint16", ragged=True)}, Column("int64")
    ) as writer:
        text = Ragged(np.zeros(3 * length, np.uint16), np.arange(4) * length)
        writer.append({"t": text}, target=np.arange(3), row=np.arange(3))
    source = dataclasses.replace(open_bundle(case.bundle), model={})
    assert frontier._calibration_rows(source, PreparedSet.open(tmp_path, "train")) == rows


@pytest.mark.parametrize(("names", "rounds"), [(("model",), 15), (("model", "other"), 20)])
def test_a_model_alone_is_timed_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], rounds: int
) -> None:
    monkeypatch.setattr(frontier, "_SECONDS", 1e9)
    monkeypatch.setattr(frontier, "_ALONE_SECONDS", 0.0)
    monkeypatch.setattr(frontier, "_MOST_ROUNDS", 20)
    calls: list[str] = []

    class Counting:
        def __init__(self, name: str) -> None:
            self.name = name

        def outputs_of(self, batch: Mapping[str, np.ndarray]) -> None:
            calls.append(self.name)

    predictors: Any = {name: Counting(name) for name in names}
    frontier._latency_ms(predictors, COLUMNS, 1)
    assert calls == (1 + rounds) * list(names)


def test_the_time_of_a_candidate_is_the_middle_one_in_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three rounds that take 1, 5 and 2 s."""
    monkeypatch.setattr(frontier, "_MOST_ROUNDS", 3)
    times = iter([0.0, 10.0, 11.0, 20.0, 25.0, 30.0, 32.0])
    monkeypatch.setattr(frontier.time, "perf_counter", times.__next__)

    class Quick:
        def outputs_of(self, batch: Mapping[str, np.ndarray]) -> None: ...

    predictors: Any = {"model": Quick()}
    assert frontier._latency_ms(predictors, COLUMNS, 1) == {"model": 2000.0}


def verdict(speed: Mapping[str, float], **changes: float | None) -> dict[str, str]:
    falls = {name: {"value": value} for name, value in changes.items()}
    return frontier._verdict({"changes": falls, "speed": speed}, 0.25)


EVEN = {"1": 1.0, "32": 1.0}


@pytest.mark.parametrize(
    ("speed", "changes", "status", "reason"),
    [
        (EVEN, {"accuracy": -0.25}, "kept", "within the budget and not slower"),
        (EVEN, {"accuracy": 0.5}, "kept", "within the budget and not slower"),
        (EVEN, {}, "kept", "within the budget and not slower"),
        (EVEN, {"accuracy": -0.2501}, "refused", "accuracy falls by 0.2501, over 0.25"),
        (EVEN, {"accuracy": 0.0, "roc_auc": -0.5}, "refused", "roc_auc falls by 0.5000, over 0.25"),
        (EVEN, {"roc_auc": None}, "refused", "roc_auc is not defined on these rows"),
        ({"1": 0.999, "32": 9.0}, {}, "refused", "slower than the model at batch 1"),
        ({"1": 9.0, "32": 0.999}, {}, "refused", "slower than the model at batch 32"),
    ],
)
def test_a_verdict_is_a_status_and_a_reason(
    speed: dict[str, float], changes: dict[str, float | None], status: str, reason: str
) -> None:
    assert verdict(speed, **changes) == {"status": status, "reason": reason}


def kept(name: str, one: float, many: float) -> dict[str, Any]:
    return {
        "name": name,
        "status": "kept",
        "reason": "within the budget and not slower",
        "speed": {"1": one, "32": many},
        "size_ratio": 3.96,
        "changes": {"accuracy": {"value": -0.00123}, "roc_auc": {"value": 0.0}},
    }


def test_the_fastest_over_both_batches_is_chosen_and_said() -> None:
    """9 x 1 beats 2 x 4, and 3 x 3 is the same as it: the first is taken."""
    rows = [{"name": "model"}, kept("a", 2.0, 4.0), kept("b", 9.0, 1.0), kept("c", 3.0, 3.0)]
    assert frontier._choose(rows) == {
        "chosen": "b",
        "reason": "faster at batches of 1 and 32, 4.0x smaller, accuracy -0.0012, roc_auc +0.0000",
    }
    assert rows[0] == {"name": "model", "status": "kept", "reason": "b is faster"}
    assert [row["status"] for row in rows] == ["kept", "kept", "chosen", "kept"]


def test_without_a_candidate_the_model_is_chosen_and_each_reason_said() -> None:
    rows = [
        {"name": "model"},
        {"name": "a", "status": "refused", "reason": "slower"},
        {"name": "b", "status": "skipped", "reason": "trees"},
    ]
    assert frontier._choose(rows) == {"chosen": "model", "reason": "a: slower; b: trees"}
    assert rows[0] == {"name": "model", "status": "chosen", "reason": "no candidate was kept"}
    alone = [{"name": "model"}]
    reason = "no compressor was asked for"
    assert frontier._choose(alone) == {"chosen": "model", "reason": reason}


class Seeded(Impossible):
    """Says the seed and the rows that it was given, and gives up."""

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        rows = [len(one) for one in material.calibration.values()]
        parts = (len(material.train), len(material.validation))
        raise ArtifactError(f"{material.seed} {rows} {parts}")


class Told(Silent):
    """Keeps tasks, and how far each came."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, float | None, str]] = []
        self.advanced: Counter[str] = Counter()

    def task(self, title: str, total: float | None, unit: str, done: float) -> Told:
        self.tasks.append((title, total, unit))
        return self

    def advance(self, amount: float = 1) -> None:
        self.advanced[self.tasks[-1][0]] += int(amount)

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...


def test_candidates_get_the_seed_and_all_rows_and_their_progress_is_told(
    case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "_ALONE_SECONDS", 0.0)
    parts, heard = (case.train, case.validation), Told()
    with listening(heard):
        plain = choose_candidate(
            case.bundle, (Seeded(), Seeded()), parts, tmp_path / "a", max_accuracy_loss=0.0
        )
    assert heard.tasks[0] == ("compress", 2, "candidates")
    assert heard.advanced["compress"] == 2
    assert [row(plain, name)["reason"] for name in ("Seeded", "Seeded-2")] == 2 * [
        "0 [400] (400, 400)"
    ]
    seeded = choose_candidate(
        case.bundle, (Seeded(),), parts, tmp_path / "b", max_accuracy_loss=0.0, seed=7
    )
    assert row(seeded, "Seeded")["reason"] == "7 [400] (400, 400)"


def test_a_name_that_comes_again_is_numbered() -> None:
    assert frontier._names([Copy(), Impossible(), Copy(), Copy()]) == [
        "Copy", "Impossible", "Copy-2", "Copy-3",
    ]  # fmt: skip


def test_calibration_rows_are_spread_over_a_sorted_set(
    case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "_calibration_rows", lambda *_: 5)
    material = frontier._material(open_bundle(case.bundle), case.train, case.validation, 3)
    taken = case.train.columns["图像"][[0, 99, 199, 299, 399]]
    assert np.array_equal(np.asarray(material.calibration["图像"]), taken)
    assert material.seed == 3


@pytest.mark.parametrize(("num_rows", "looked_at"), [(7, 7), (8, 4), (14, 7), (15, 5)])
def test_of_more_rows_than_the_most_every_few_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, num_rows: int, looked_at: int
) -> None:
    monkeypatch.setattr(frontier, "MOST_ROWS", 7)

    class Rows:
        def __init__(self) -> None:
            self.inputs = {"x": np.arange(num_rows)}
            self.target = np.arange(num_rows) * 10

        def __len__(self) -> int:
            return num_rows

    rows: Any = Rows()
    columns, target = frontier._spaced(rows)
    step = -(-num_rows // 7)
    assert np.array_equal(np.asarray(columns["x"]), np.arange(0, num_rows, step))
    assert np.array_equal(np.asarray(target), np.asarray(columns["x"]) * 10)
    assert len(np.asarray(target)) == looked_at
