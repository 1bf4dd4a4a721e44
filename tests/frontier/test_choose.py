"""The frontier keeps nothing that is worse or slower, and says why."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from stoker.bundle.predictor import Predictor
from stoker.bundle.read import open_bundle
from stoker.bundle.session import Session
from stoker.bundle.write import write_bundle
from stoker.cells.ragged import Rows
from stoker.compress import Compressor, Material
from stoker.compress.int8 import Int8, _quantise
from stoker.core.errors import ArtifactError
from stoker.core.events import Silent, listening
from stoker.frontier import choose as frontier
from stoker.frontier.choose import choose_candidate
from stoker.networks.graph_names import graph_input


class Copy(Compressor):
    """Writes the bundle again, its output biased towards class 0, under a name of its own."""

    name: str = "same"
    bias: float = 0.0

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        from onnx import load_from_string, numpy_helper

        source = open_bundle(bundle)
        model = load_from_string(source.graph)
        (last,) = [t for t in model.graph.initializer if t.name == "b2"]
        changed = numpy_helper.to_array(last).copy()
        changed[0] += np.float32(self.bias)
        last.CopyFrom(numpy_helper.from_array(changed, "b2"))
        write_bundle(
            out,
            name=self.name,
            interface=source.interface,
            graph=model.SerializeToString(),
            weights={"b2": changed},
            model=source.model,
        )


class Impossible(Compressor):
    """Cannot be done."""

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        raise ArtifactError("this graph will not do")


class Untried(Compressor):
    """Writes what the quantiser makes, and does not look whether it runs."""

    def compress(self, bundle: Path, out: Path, material: Material) -> None:
        source = open_bundle(bundle)
        tensors = {
            graph_input(name): material.calibration[name] for name in source.interface.inputs
        }
        graph = _quantise(source.graph, tensors, "unsigned")
        write_bundle(
            out,
            name="untried",
            interface=source.interface,
            graph=graph,
            weights={},
            model=source.model,
        )


class Heard(Silent):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds that a session of each bundle name sleeps at every run."""
    sleep_s: dict[str, float] = {}
    make, run = Session.__init__, Session.run

    def remember(self: Session, graph, interface, *, where: Path, threads: int) -> None:
        make(self, graph, interface, where=where, threads=threads)
        name = json.loads((where / "bundle.json").read_bytes())["name"]
        self.name_for_test = name  # type: ignore[attr-defined]  # only this test sets it

    def delayed(self: Session, tensors: Mapping[str, Rows]) -> Rows:
        time.sleep(sleep_s.get(self.name_for_test, 0))  # type: ignore[attr-defined]  # as above
        return run(self, tensors)

    monkeypatch.setattr(Session, "__init__", remember)
    monkeypatch.setattr(Session, "run", delayed)
    monkeypatch.setattr(frontier, "_SECONDS", 0.1)
    return sleep_s


def choose(case, folder: Path, *steps: Compressor, loss: float = 0.02) -> dict:
    return choose_candidate(
        case.bundle, steps, (case.train, case.validation), folder, max_accuracy_loss=loss
    )


def row(result: dict, name: str) -> dict:
    return next(row for row in result["rows"] if row["name"] == name)


def test_a_faster_and_equally_good_candidate_is_chosen(case, slow, tmp_path: Path) -> None:
    slow["net"] = 0.004
    result = choose(case, tmp_path / "out", Copy())
    assert result["chosen"] == "Copy"
    assert "faster at batches of 1 and 32" in result["reason"]
    assert row(result, "Copy")["status"] == "chosen"
    assert row(result, "model")["status"] == "kept"
    assert row(result, "Copy")["changes"]["accuracy"]["value"] == 0


def test_a_slower_candidate_is_never_kept(case, slow, tmp_path: Path) -> None:
    slow["same"] = 0.004
    result = choose(case, tmp_path / "out", Copy())
    assert result["chosen"] == "model"
    assert row(result, "Copy")["status"] == "refused"
    assert "slower than the model at batch 1" in result["reason"]


@pytest.mark.parametrize("size", ["1", "32"])
@pytest.mark.parametrize(("candidate_ms", "kept"), [(1.0, True), (1.001, False)])
def test_as_fast_as_the_model_is_kept_and_a_thousandth_slower_is_not(
    case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    candidate_ms: float,
    kept: bool,
) -> None:
    def latency_ms(predictors: Mapping[str, Predictor], _: object, rows: int) -> dict[str, float]:
        times = dict.fromkeys(predictors, 1.0)
        return times | ({"Copy": candidate_ms} if str(rows) == size else {})

    monkeypatch.setattr(frontier, "_latency_ms", latency_ms)
    result = choose(case, tmp_path / "out", Copy())
    assert result["chosen"] == ("Copy" if kept else "model")
    if not kept:
        assert row(result, "Copy")["reason"] == f"slower than the model at batch {size}"


def test_a_score_may_fall_by_the_budget_and_not_by_more(
    case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "_latency_ms", lambda names, *_: dict.fromkeys(names, 1.0))
    first = choose(case, tmp_path / "out", Copy(bias=0.5))
    fall = -row(first, "Copy")["changes"]["accuracy"]["value"]
    assert fall > 0
    for name, loss, chosen in (("at", fall, "Copy"), ("below", fall * 0.999, "model")):
        assert choose(case, tmp_path / name, Copy(bias=0.5), loss=loss)["chosen"] == chosen


def test_a_candidate_beyond_the_budget_is_never_kept(case, slow, tmp_path: Path) -> None:
    slow["net"] = 0.004
    result = choose(case, tmp_path / "out", Copy(bias=50.0))
    assert result["chosen"] == "model"
    assert "accuracy falls by" in row(result, "Copy")["reason"]
    assert row(result, "Copy")["changes"]["accuracy"]["high"] < 0


def test_two_classes_are_watched_by_area_too(binary_case, slow, tmp_path: Path) -> None:
    slow["net"] = 0.004
    result = choose(binary_case, tmp_path / "out", Copy())
    assert set(row(result, "model")["scores"]) == {"accuracy", "roc_auc"}
    assert row(result, "model")["scores"]["roc_auc"] == 1


def test_outputs_that_are_not_numbers_are_left_out(case, tmp_path: Path) -> None:
    result = choose(case, tmp_path / "out", Copy(bias=float(np.finfo(np.float32).max) * 0.9999))
    assert result["chosen"] == "model"


def test_what_cannot_be_made_is_skipped_with_its_reason(case, tmp_path: Path) -> None:
    result = choose(case, tmp_path / "out", Impossible())
    assert row(result, "Impossible")["status"] == "skipped"
    assert row(result, "Impossible")["reason"] == "this graph will not do"
    assert result["chosen"] == "model"


@pytest.mark.parametrize("step", [Int8(), Int8(form="signed"), Untried()])
def test_a_candidate_that_fails_when_it_runs_is_given_up_with_a_warning(
    step: Compressor, banded_case, tmp_path: Path
) -> None:
    heard = Heard()
    with listening(heard):
        result = choose(banded_case, tmp_path / "out", step)
    assert result["chosen"] == "model"
    (name,) = {one["name"] for one in result["rows"]} - {"model"}
    assert row(result, name)["status"] == "skipped"
    assert "the graph failed on" in row(result, name)["reason"]
    assert heard.lines == [f"compress: {name} was left out: {row(result, name)['reason']}"]


def test_trees_keep_their_model(forest_case, tmp_path: Path) -> None:
    result = choose(forest_case, tmp_path / "out", Int8())
    assert result["chosen"] == "model"
    assert "no matrix product" in result["reason"]
    assert row(result, "int8")["status"] == "skipped"


def test_the_fastest_of_several_is_chosen_and_all_are_named(case, slow, tmp_path: Path) -> None:
    slow.update(net=0.006, one=0.003, two=0.0)
    result = choose(case, tmp_path / "out", Copy(name="one"), Copy(name="two"))
    assert [r["name"] for r in result["rows"]] == ["model", "Copy", "Copy-2"]
    assert result["chosen"] == "Copy-2"
    assert row(result, "Copy")["status"] == "kept"


def test_nothing_asked_for_keeps_the_model(case, tmp_path: Path) -> None:
    assert choose(case, tmp_path / "out")["reason"] == "no compressor was asked for"


def test_the_result_stands_in_the_folder_with_its_bundles(case, tmp_path: Path) -> None:
    result = choose(case, tmp_path / "out", Int8())
    kept = json.loads((tmp_path / "out" / "compress.json").read_bytes())
    times = {"latency_ms", "speed"}
    lasting = [{k: v for k, v in one.items() if k not in times} for one in result["rows"]]
    assert kept == {**result, "rows": lasting}, "no time is written down"
    found = row(result, "int8")
    assert found["size_bytes"] == (tmp_path / "out" / "int8" / "model.onnx").stat().st_size
    assert found["size_ratio"] > 3
    assert set(found["latency_ms"]) == set(found["speed"]) == {"1", "32"}
    assert found["step"] == {"int8": {"form": "auto"}}


def test_of_many_validation_rows_every_few_are_looked_at(
    case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = len(case.validation) // 3 + 1
    monkeypatch.setattr(frontier, "MOST_ROWS", limit)
    step = -(-len(case.validation) // limit)
    result = choose(case, tmp_path / "out")
    answered_M = Predictor(open_bundle(case.bundle)).outputs_of(
        {name: column[::step] for name, column in case.validation.columns.items()}
    )
    right = (answered_M.argmax(axis=1) == case.validation.target[::step]).mean()
    assert step == 3
    assert (result["compared_rows"], result["validation_rows"]) == (
        len(answered_M),
        len(case.validation),
    )
    assert row(result, "model")["scores"]["accuracy"] == pytest.approx(right)
