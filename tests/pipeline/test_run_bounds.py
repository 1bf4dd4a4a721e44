"""What a run that has nothing to do gives back, and what is no recipe."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stoker.core.errors import RecipeError
from stoker.pipeline import execute_run
from stoker.pipeline import run as runs
from stoker.pipeline.execute_run import _Run
from stoker.pipeline.result import RefusedRun, RunResult, as_json
from stoker.pipeline.run import check, run
from stoker.pipeline.table_recipe import file_recipe, table_recipe
from stoker.recipe.load import load_recipe
from stoker.store.catalog import Catalog
from stoker.store.finished import Finished
from stoker.store.store import Store

DONE = RunResult(
    run="r-1",
    status="done",
    bundle=Path("/home/artifacts/1"),
    report=Path("/home/reports/r-1/report.html"),
    metrics={"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
    seconds={"train": 3.5, "report": 0.5},
    model="digits@2",
    summary={"headline": "accuracy 0.9"},
    warnings=("columns are odd", "rows are few"),
)
TEXT = """\
version: 1
name: a
data: {sources: [{csv: {path: a.csv}}]}
target: {y: classify}
"""


def test_a_run_without_work_gives_what_the_finished_one_gave_in_no_time() -> None:
    found = runs._unchanged(Finished("r-9", as_json(DONE)))
    assert found.run == "r-9"
    assert found.status == "unchanged"
    assert found.seconds == {"train": 0.0, "report": 0.0}
    for name in ("bundle", "report", "metrics", "model", "summary", "warnings"):
        assert getattr(found, name) == getattr(DONE, name), name


def test_a_run_that_an_older_version_wrote_down_lacks_what_that_did_not_know() -> None:
    assert runs._unchanged(Finished("r-9", {})) == RunResult("r-9", "unchanged")


def test_a_result_is_written_down_whole() -> None:
    assert as_json(DONE) == {
        "status": "done",
        "bundle": "/home/artifacts/1",
        "report": "/home/reports/r-1/report.html",
        "metrics": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
        "seconds": {"train": 3.5, "report": 0.5},
        "model": "digits@2",
        "summary": {"headline": "accuracy 0.9"},
        "warnings": ["columns are odd", "rows are few"],
    }
    bare = as_json(RunResult("r-2", "partial"))
    assert (bare["bundle"], bare["report"], bare["warnings"]) == (None, None, [])


def test_a_result_says_its_score_and_where_to_look_on() -> None:
    said = (
        "<RunResult r-1: done; accuracy 0.9; report /home/reports/r-1/report.html; "
        "bundle /home/artifacts/1>"
    )
    assert repr(DONE) == said
    partial = RunResult("r-2", "partial", seconds={"acquire": 1.0, "clean": 2.0})
    assert repr(partial) == "<RunResult r-2: partial; acquire, clean>"


def test_a_refused_run_holds_its_result() -> None:
    refused = RefusedRun(DONE, "accuracy is 0.9", fix="lower the gate")
    assert refused.result.status == "refused"
    assert refused.result.run == "r-1"
    assert (refused.what, refused.fix) == ("accuracy is 0.9", "lower the gate")
    assert refused.expected == "every gate under evaluate.gates"


@pytest.mark.parametrize("do", [run, check])
def test_a_protocol_that_nobody_knows_is_refused_at_its_place(do: Any, tmp_path: Path) -> None:
    wrong = TEXT + "serve: {port: 1, protocols: [nobody_has:Gopher]}\n"
    for recipe in (wrong, load_recipe(wrong)):
        with pytest.raises(RecipeError, match="nobody_has") as caught:
            do(recipe, home=tmp_path)
        place = caught.value.place
        assert place is not None
        assert (place.line, place.character) == (5, 29)


def test_a_recipe_without_protocols_of_its_own_is_let_through() -> None:
    for line in ("", "serve: {protocols: []}\n", "serve: {port: 1}\n"):
        recipe = load_recipe(TEXT + line)
        assert runs._with_server(recipe) is recipe


@pytest.mark.parametrize("do", [run, check])
def test_what_is_no_recipe_is_refused_with_what_to_write(do: Any, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a list is no recipe") as caught:
        do([{"x": 1}], home=tmp_path)
    assert caught.value.fix == 'name the column to predict: run(table, target="COLUMN")'
    with pytest.raises(RecipeError, match="the key 'name' was given beside a recipe") as caught:
        do(TEXT, home=tmp_path, name="a")
    assert caught.value.fix == "write it into the recipe, or give overrides=['KEY=VALUE']"


TABLE = {"收入": [1.5, 2.5, 3.5] * 20, "how much?": ["a", "b", "c"] * 20, "_-": [0, 1, 1] * 20}


@pytest.mark.parametrize(
    ("target", "name"), [("how much?", "how-much"), ("收入", "table"), ("_-", "table")]
)
def test_a_model_is_called_by_its_target_or_is_a_tables(
    tmp_path: Path, target: str, name: str
) -> None:
    assert table_recipe(TABLE, target, {}, tmp_path).name == name
    assert table_recipe(TABLE, target, {"name": "mine"}, tmp_path).name == "mine"


def test_a_long_name_is_cut_to_what_a_name_may_have(tmp_path: Path) -> None:
    column = "n" * 65
    assert (
        table_recipe({column: [1, 2] * 9, "x": [3, 4] * 9}, column, {}, tmp_path).name == "n" * 64
    )


@pytest.mark.parametrize(
    ("target", "keys", "said", "help_"),
    [
        ("y", {"version": 1}, "the key 'version' is written by stoker for a table", None),
        ("y", {"target": "x"}, "the key 'target' is written by stoker for a table", None),
        (
            "y",
            {"data": {"sources": []}},
            "data.sources and a table were given",
            "leave data.sources out, or run a recipe instead of a table",
        ),
        ("z1", {}, "no column 'z1'", "did you mean 'z'?"),
        ("q", {}, "no column 'q'", None),
        ({"y": "classify", "z": "regress"}, {}, "target names 2 columns", None),
        ({}, {}, "target names 0 columns", None),
    ],
)
def test_a_target_or_key_that_will_not_do_is_named(
    tmp_path: Path, target: Any, keys: dict[str, Any], said: str, help_: str | None
) -> None:
    columns = {"y": ["a", "b"] * 9, "z": [1.0, 2.0] * 9}
    (tmp_path / "t.csv").write_text("y,z\n" + "a,1\nb,2\n" * 9)
    for make in (
        lambda: table_recipe(columns, target, keys, tmp_path / "home"),
        lambda: file_recipe(tmp_path / "t.csv", target, keys),
    ):
        with pytest.raises(RecipeError) as caught:
            make()
        assert caught.value.what == said
        assert caught.value.fix == help_
    assert not (tmp_path / "home").exists()


def test_keys_of_a_table_are_those_of_a_recipe(tmp_path: Path) -> None:
    keys = {"data": {"max_rejects": 0.25}, "inputs": {"z": "number"}, "seed": 7}
    columns = {"y": ["a", "b"] * 9, "z": [1.0, 2.0] * 9}
    recipe = table_recipe(columns, {"y": "classify"}, keys, tmp_path, ["train.epochs=3"])
    assert (recipe.data.max_rejects, recipe.seed, recipe.train.epochs) == (0.25, 7, 3)
    assert list(recipe.inputs or {}) == ["z"]
    assert recipe.target_column == "y"
    assert len(recipe.data.sources) == 1


@pytest.mark.parametrize("status", ["done", "failed"])
def test_how_a_run_ended_is_written_down_with_what_it_came_to(tmp_path: Path, status: Any) -> None:
    """And with the keys of `serve` that the recipe gives, not with those that it leaves open."""
    catalog, recipe = Catalog(tmp_path), load_recipe(TEXT + "serve: {port: 9}\n")
    name = catalog.start_run("a", TEXT, stoker="0")
    at_work = _Run(recipe, Store(tmp_path), catalog, name, [], 0.0, {})
    at_work._end(DONE, status)
    found = catalog.run(name)
    assert found.status == status
    assert found.result == {**as_json(DONE), "serve": {"port": 9}}
    assert runs._unchanged(Finished(name, found.result)).warnings == DONE.warnings


def test_scores_are_those_of_what_is_offered_the_headline_first_and_none_undefined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def evaluation(value: float, headline: str) -> Any:
        names = {"log_loss": value, "recall": None, "accuracy": value + 1}
        metrics = {
            name: SimpleNamespace(value=one, low=0.0, high=9.0, higher_is_better=name != "log_loss")
            for name, one in names.items()
        }
        return SimpleNamespace(
            headline=headline, metrics=metrics, in_order=lambda: list(metrics.items())
        )

    for headline in ("accuracy", "log_loss"):
        found = {"model": evaluation(5.0, headline), "int8": evaluation(6.0, headline)}
        found[execute_run.CONSTANT] = evaluation(1.0, headline)
        monkeypatch.setattr(execute_run, "_evaluations", lambda _, found=found: found)
        monkeypatch.setattr(execute_run, "offered", lambda _: SimpleNamespace(chosen="int8"))
        scores = execute_run.scores({})
        assert list(scores) == [headline, *({"accuracy", "log_loss"} - {headline})]
        assert scores["accuracy"] == {"value": 7.0, "low": 0.0, "high": 9.0, "constant": 2.0}
        assert execute_run.higher_is_better_of({}) == (headline == "accuracy")
