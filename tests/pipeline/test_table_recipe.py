"""Tables in memory: the same run as that of a file, cached, told and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stoker
from stoker.core.errors import DataError, RecipeError
from stoker.core.events import Silent, listening
from stoker.data.acquire import Source
from stoker.data.dataset import Dataset
from stoker.data.read_sources import acquire
from stoker.engine.table_file import read_table
from stoker.pipeline.result import RunResult
from stoker.pipeline.table_recipe import table_recipe

KEYS: dict[str, Any] = {
    "model": "logistic",
    "train": {"preset": "fast", "threads": 1},
    "compress": "off",
    "evaluate": {"resamples": 100},
}


@pytest.fixture(scope="module")
def people() -> pa.Table:
    generator = np.random.default_rng(0)
    age_N = generator.integers(18, 90, 400)
    town = [f"town {number}" for number in generator.integers(0, 5, 400)]
    wage_N = np.round(age_N * 1.5 + generator.normal(size=400), 2)
    bought = ["yes" if age > 50 else "no" for age in age_N]
    return pa.table({"age": age_N, "town": town, "wage": wage_N, "bought": bought})


FORMS: dict[str, Callable[[pa.Table], Any]] = {
    "arrow": lambda t: t,
    "pandas": lambda t: t.to_pandas(),
    "polars": polars.from_arrow,
    "dicts": lambda t: t.to_pylist(),
    "columns": lambda t: t.to_pydict(),
}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(text)


def test_a_table_becomes_a_model_and_equal_tables_are_one_run(
    people: pa.Table, tmp_path: Path
) -> None:
    events: list[stoker.Event] = []
    home = tmp_path / "home"
    first = stoker.run(
        people.to_pandas(), target="bought", home=home, on_event=events.append, **KEYS
    )
    assert first.status == "done"
    assert first.model == "bought"
    assert first.metrics["accuracy"]["value"] > 0.9
    assert {event.kind for event in events} >= {"message", "progress"}
    reading = [event for event in events if event.text == "read parquet"]
    assert [event.ended for event in reading] == [False] * (len(reading) - 1) + [True]
    assert (reading[-1].done, reading[-1].unit) == (400, "rows")

    again = stoker.run(people, target="bought", home=home, **KEYS)
    assert (again.status, again.run) == ("unchanged", first.run)
    assert len(list((home / "tables").iterdir())) == 1
    other = stoker.run(people.slice(0, 399), target="bought", home=home, until="acquire", **KEYS)
    assert other.status == "partial"
    assert len(list((home / "tables").iterdir())) == 2

    answer = stoker.load("bought", home=home).predict({"age": 70, "town": "town 1", "wage": 100.0})
    assert answer.table["prediction"].to_pylist() == ["yes"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_is_read_alike(form: str, people: pa.Table, tmp_path: Path) -> None:
    result = stoker.run(
        FORMS[form](people), target="bought", home=tmp_path, until="acquire", **KEYS
    )
    assert result.status == "partial"
    plan = stoker.check(FORMS[form](people), target="bought", home=tmp_path, **KEYS)
    assert plan.stages[0].status == "cached"
    assert plan.stages[0].rows == 400


MIXED: dict[str, Callable[[list[Any]], Any]] = {
    "pandas": lambda cells: pandas.DataFrame({"wait": cells, "y": ["a", "b"] * 20}),
    "dicts": lambda cells: [{"wait": c, "y": "ab"[n % 2]} for n, c in enumerate(cells)],
    "columns": lambda cells: {"wait": cells, "y": ["a", "b"] * 20},
}


@pytest.mark.parametrize("form", MIXED)
def test_a_column_of_numbers_and_words_is_text_and_told(form: str, tmp_path: Path) -> None:
    cells = [47, "k.A.", 12.0, None, 2**60, True, 0.5, float("nan")] * 5
    heard = Heard()
    with listening(heard):
        table_recipe(MIXED[form](cells), "y", {}, tmp_path)
    assert "columns with cells of several kinds are read as text: 'wait'" in heard.lines
    (path,) = (tmp_path / "tables").iterdir()
    column = pq.read_table(path)["wait"]
    spelled = ["47", "k.A.", "12", None, str(2**60), "true", "0.5", None]
    assert column.to_pylist() == spelled * 5


def test_cells_that_are_no_values_are_refused_with_their_column(tmp_path: Path) -> None:
    for cells in ([[1], "a"], [{"k": 1}, 2]):
        frame = pandas.DataFrame({"odd": pandas.Series(cells, dtype=object), "y": ["a", "b"]})
        with pytest.raises(DataError, match="column odd"):
            table_recipe(frame, "y", {}, tmp_path)


def test_numbers_may_name_columns_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    frame = pandas.DataFrame({0: [1.0] * 40, 1: ["a", "b"] * 20})
    assert table_recipe(frame, 1, {"name": "n"}, tmp_path).target_column == "1"
    assert table_recipe(frame, {1: "classify"}, {"name": "n"}, tmp_path).target_column == "1"
    with pytest.raises(RecipeError, match="no column '2'"):
        table_recipe(frame, 2, {}, tmp_path)
    twice = pandas.concat([frame, frame], axis=1)
    with pytest.raises(DataError, match=r"2 columns are called '0'(.|\n)*frame.columns = "):
        table_recipe(twice, "1", {}, tmp_path)


def test_the_file_of_a_table_may_stand_for_it(
    people: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    people.to_pandas().to_csv("people.csv", sep=";", index=False)
    for given in ("people.csv", Path("people.csv"), tmp_path / "people.csv"):
        result = stoker.run(given, target="bought", home="home", until="acquire", **KEYS)
        assert result.status == "partial"
    plan = stoker.check(Path("people.csv"), target={"wage": "regress"}, home="home", **KEYS)
    assert plan.stages[0].rows == 400
    Path("recipe.yaml").write_text("version: 1\n", encoding="utf-8")
    for name, kind, said in [
        ("recipe.yaml", RecipeError, "which names its own"),
        ("gone.csv", DataError, "no such file"),
        ("people.csv", RecipeError, "no column 'x'"),
    ]:
        with pytest.raises(kind, match=said):
            stoker.run(name, target="x", home="home")


def test_rows_of_a_table_name_the_table_and_no_file_of_ours(tmp_path: Path) -> None:
    recipe = table_recipe({"x": [1.5, 2.5], "y": ["a", "b"]}, "y", {}, tmp_path)
    sources = [one for one in recipe.data.sources if isinstance(one, Source)]
    (tmp_path / "made").mkdir()
    acquire(sources, tmp_path / "made", project=tmp_path / "tables", cache=tmp_path / "cache")
    rows = read_table(Dataset.open(tmp_path / "made").rows_path)
    assert rows["_source"].unique().to_pylist() == ["the table"]


def test_the_written_recipe_runs_by_itself(people: pa.Table, tmp_path: Path) -> None:
    recipe = table_recipe(people, {"wage": "regress"}, {**KEYS, "name": "pay", "seed": 3}, tmp_path)
    assert (recipe.name, recipe.seed, recipe.target_column) == ("pay", 3, "wage")
    (tmp_path / "tables" / "pay.yaml").write_text(recipe.text, encoding="utf-8")
    result = stoker.run(tmp_path / "tables" / "pay.yaml", home=tmp_path, until="acquire")
    assert result.status == "partial"


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([1, 2, 3] * 30, "classify"),
        (list(range(30)), "regress"),
        ([1.0, 2.0, None] * 9, "classify"),
        ([0.5 + n for n in range(40)], "regress"),
        (["a", "b"] * 9, "classify"),
        ([True, False], "classify"),
    ],
)
def test_which_task_a_target_is_its_cells_decide(
    cells: list[Any], task: str, tmp_path: Path
) -> None:
    recipe = table_recipe({"x": cells, "y": cells}, "y", {}, tmp_path)
    assert list(recipe.canonical()["target"]["y"]) == [task]


def test_the_choice_of_the_task_is_told_and_can_be_overruled(
    people: pa.Table, tmp_path: Path
) -> None:
    heard = Heard()
    with listening(heard):
        recipe = table_recipe(people, "age", {}, tmp_path)
    assert list(recipe.canonical()["target"]["age"]) == ["regress"]
    assert heard.lines[0].startswith("'age' is the target, regress: ")
    assert "target: {age: classify}" in heard.lines[0]
    said = table_recipe(people, {"age": "classify"}, {}, tmp_path).canonical()["target"]
    assert list(said["age"]) == ["classify"]


def test_an_index_with_a_name_is_told_and_not_used(people: pa.Table, tmp_path: Path) -> None:
    frame = people.to_pandas().set_index("town")
    heard = Heard()
    with listening(heard):
        plain = table_recipe(frame, "bought", {}, tmp_path)
    assert "the index 'town' of the table is not used" in heard.lines[0]
    shuffled = people.drop_columns(["town"]).to_pandas().set_index(pandas.Index(range(5, 405)))
    assert table_recipe(shuffled, "bought", {}, tmp_path).text == plain.text


def test_what_cannot_be_is_told(people: pa.Table, tmp_path: Path) -> None:
    cases: list[tuple[tuple[Any], dict[str, Any], type[Exception], str]] = [
        ((people,), {}, RecipeError, 'run\\(table, target="COLUMN"\\)'),
        (("recipe.yaml",), {"name": "x"}, RecipeError, "'name' was given beside a recipe"),
        ((people,), {"target": "bougth"}, RecipeError, "did you mean 'bought'"),
        ((people,), {"target": {"age": "regress", "town": "classify"}}, RecipeError, "2 columns"),
        ((people,), {"target": "age", "version": 1}, RecipeError, "'version' is written by"),
        ((people,), {"target": "age", "data": {"sources": []}}, RecipeError, "the table is the"),
        ((people,), {"target": "age", "modl": "mlp"}, RecipeError, "modl"),
        ((7,), {"target": "age"}, DataError, "rows of type int"),
        (({"y": [None, None]},), {"target": "y"}, DataError, "'y' cannot be predicted: every"),
    ]
    for arguments, keys, kind, said in cases:
        with pytest.raises(kind, match=said):
            stoker.run(*arguments, home=tmp_path / "home", **keys)


def test_a_result_shows_itself() -> None:
    result = RunResult(
        "r1",
        "done",
        bundle=Path("/b"),
        report=Path("/home/<r>/report.html"),
        metrics={"roc_auc": {"value": 0.91234, "low": 0.9, "high": None, "constant": 0.5}},
        summary={
            "headline": "roc_auc 0.9123 & more",
            "leaderboard": {
                "metric": "log_loss",
                "how": "5 folds",
                "entries": [
                    {"name": "trees", "score": 0.25, "low": 0.2, "high": None}
                    | {"weight": 0.75, "note": ""}
                ],
            },
        },
        warnings=("3 rows < 5",),
    )
    assert repr(result) == (
        "<RunResult r1: done; roc_auc 0.9123 & more; report /home/<r>/report.html; bundle /b>"
    )
    page = result._repr_html_()
    assert "<tr><th>metric<th>value<th>95 % from<th>to<th>constant</tr>" in page
    assert "<td>roc_auc<td>0.9123<td>0.9<td><td>0.5</tr>" in page
    assert '<a href="file:///home/%3Cr%3E/report.html">report</a>' in page
    assert "warning: 3 rows &lt; 5" in page
    assert "&amp; more" in page
    assert "tried on 5 folds" in page
    head = "<tr><th>candidate<th>log_loss<th>95 % from<th>to<th>share of the model<th></tr>"
    assert head in page
    assert "<td>trees<td>0.25<td>0.2<td><td>0.75<td></tr>" in page
    assert "<table>" not in RunResult("r2", "partial", seconds={"acquire": 1.0})._repr_html_()
