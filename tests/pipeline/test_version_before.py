"""A run is set beside the champion that it found, on the same rows, old bundles included."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import stoker
from stoker.bundle.interface import Interface
from stoker.jobs import make_model
from stoker.pipeline import version_before
from stoker.pipeline.result import RunResult
from stoker.pipeline.version_before import other_question
from stoker.report.facts import ReportFacts, VersionFact
from stoker.tasks.regress import FittedRegress


def table(rows: int = 400, classes: str = "ab") -> dict[str, list[Any]]:
    """Two columns that tell the class together, and each a little alone."""
    draw = random.Random(0)
    x, z = ([draw.gauss(0, 1) for _ in range(rows)] for _ in range(2))
    noise = [draw.gauss(0, 0.3) for _ in range(rows)]
    kind = [classes[a + b + c > 0] for a, b, c in zip(x, z, noise, strict=True)]
    return {"x": x, "z": z, "kind": kind}


def run(home: Path, rows: dict[str, list[Any]], *, target: str = "kind", **keys: Any) -> RunResult:
    return stoker.run(
        rows,
        target=target,
        home=home,
        model="linear",
        compress="off",
        evaluate={"resamples": 100},
        **keys,
    )


def before(done: RunResult) -> VersionFact | None:
    assert done.report is not None
    page = done.report.read_text("utf-8")
    facts = ReportFacts.model_validate_json(done.report.with_name("report.json").read_bytes())
    assert ("Against the version before" in page) == (facts.before is not None)
    return facts.before


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose champion saw one of the two columns."""
    home = tmp_path_factory.mktemp("first")
    first = run(home, table(), inputs={"x": "number"})
    assert before(first) is None
    return home


@pytest.fixture
def home(first_home: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(first_home, tmp_path / "home"))


def test_more_columns_are_better_row_by_row(home: Path) -> None:
    found = before(run(home, table(), inputs={"x": "number", "z": "number"}))
    assert found is not None
    assert (found.version, found.is_same_split, found.note) == (1, True, "")
    assert found.rows == 60
    assert found.comparison is not None
    assert found.comparison.metrics["log_loss"].verdict == "better"
    old, new = found.scores["roc_auc"].value, found.new_scores["roc_auc"].value
    assert old is not None
    assert new is not None
    assert old < new


def test_of_many_rows_every_few_are_asked_and_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_before, "_MOST_ROWS", 25)
    monkeypatch.setattr(make_model, "_MOST_COMPARED", 25)
    done = run(home, table(), inputs={"x": "number", "z": "number"})
    found = before(done)
    assert found is not None
    assert (found.rows, found.all_rows) == (20, 60), "every third"
    assert found.comparison is not None
    assert done.report is not None
    page = done.report.read_text("utf-8")
    assert "the same 20 of 60 test rows, evenly spaced, from which" in page
    assert "The bundle answered 20 of 60 validation rows, evenly spaced, as the model did" in page


def test_rows_that_are_divided_otherwise_are_said_to_flatter(home: Path) -> None:
    found = before(run(home, table(300), inputs={"x": "number"}))
    assert found is not None
    assert not found.is_same_split
    assert found.comparison is not None


def changed(what: str) -> dict[str, list[Any]]:
    """The table with another question."""
    rows = table(classes="ac" if what == "exchanged" else "ab")
    if what == "added":
        rows["kind"] = [
            "c" if x > 1 else kind for x, kind in zip(rows["x"], rows["kind"], strict=True)
        ]
    if what == "target":
        rows["sort"] = rows["kind"]
    if what == "task":
        rows["kind"] = [x + z / 9 for x, z in zip(rows["x"], rows["z"], strict=True)]
    return rows


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("exchanged", "it knows other classes: 'c' is new, 'b' is gone"),
        ("added", "it knows other classes: 'c' is new"),
        ("target", "it predicts 'kind'"),
        ("task", "it was made for another task"),
    ],
)
def test_a_champion_of_another_question_is_not_compared_and_makes_way(
    home: Path, what: str, why: str
) -> None:
    target = "sort" if what == "target" else "kind"
    done = run(home, changed(what), target=target, name="kind", inputs={"x": "number"})
    found = before(done)
    assert found is not None
    assert (found.comparison, found.scores, found.is_other_question) == (None, {}, True)
    assert found.note == why
    assert done.model == "kind", "the recipe asks this now"
    [line] = [line for line in done.warnings if "champion" in line]
    assert f"version 1 → 2, which could not be compared with it: {why};" in line
    assert "0." not in line, "no score beside another one"


def test_another_unit_is_another_question() -> None:
    units = ({"kg": 1, "g": 0.001}, {"g": 1, "kg": 1000}, {"g": 1})
    kilos, grams, same = (
        Interface({}, (), "weight", FittedRegress(unit=unit, mean=0, std=1, low=0, high=1))
        for unit in units
    )
    assert other_question(kilos, grams) == "it answers in 'kg'"
    assert other_question(grams, same) == ""


def test_a_champion_that_wants_a_column_that_is_gone_cannot_answer(home: Path) -> None:
    rows = table()
    del rows["x"]
    found = before(run(home, rows, inputs={"z": "number"}))
    assert found is not None
    assert found.comparison is None
    assert found.note.startswith("it cannot answer these rows: ")
    assert "'x'" in found.note
