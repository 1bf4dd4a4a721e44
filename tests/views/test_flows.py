"""Rows that a run loses: counted whatever takes them, told first, and too many refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path
from random import Random

import pytest

from stoker.cli.verbs.run import describe
from stoker.core.errors import DataError
from stoker.core.events import listening
from stoker.pipeline.result import RunResult
from stoker.pipeline.run import run
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from stoker.views.flows import flows_of, lost
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: people
data:
  sources: [{csv: {path: people.csv}}]
  split: {test: 0.2, validation: 0.2}
target: {survived: classify}
train: {preset: fast, threads: 1}
evaluate: {resamples: 100}
compress: off
"""
KINDS = [*product(("first", "second", "crew"), ("child", "adult"), ("m", "f"), ("yes", "no"))]


def project(folder: Path, rows: Sequence[tuple[str, ...]], head: str) -> Path:
    lines = [head, *(",".join(row) for row in rows)]
    (folder / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder / "recipe.yaml"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """1,300 people of 24 kinds."""
    chosen = Random(1).choices(KINDS, k=1300)
    return project(tmp_path, chosen, "class,age,sex,survived")


def stages(recipe: Path, result: RunResult) -> dict[str, Artifact]:
    home = recipe.parent / "home"
    found = {}
    for stage in Catalog(home).run(result.run).stages:
        artifact = Store(home).find(stage.fingerprint or "")
        assert artifact is not None
        found[stage.stage] = artifact
    return found


def done(recipe: Path, *overrides: str, until: str = "prepare") -> tuple[RunResult, list[str]]:
    heard = Heard()
    with listening(heard):
        result = run(recipe, home=recipe.parent / "home", until=until, overrides=overrides)
    return result, heard.lines


def test_equal_rows_of_a_table_stay(people: Path) -> None:
    result, _ = done(people)
    assert lost(stages(people, result)).rows == 0


def test_a_run_that_loses_most_rows_stops_before_training(people: Path) -> None:
    with pytest.raises(DataError) as refusal:
        done(people, "data.clean=[exact_duplicates]")
    assert refusal.value.exit_code != 0
    assert refusal.value.what == (
        "1,276 of 1,300 rows (98.2 %) are left out: 1,276 by exact_duplicates"
    )
    assert "at most 50 %, as data.max_lost says" in str(refusal.value)
    assert "take exact_duplicates out of data.clean" in str(refusal.value)
    record = Catalog(people.parent / "home").run("latest")
    assert [stage.stage for stage in record.stages] == ["acquire", "clean"]


def test_duplicates_of_a_table_without_names_are_doubted(people: Path) -> None:
    _, lines = done(people, "data.clean=[exact_duplicates]", "data.max_lost=1.0", until="clean")
    (line,) = [line for line in lines if "usually different people" in line]
    assert line.startswith(
        "exact_duplicates leaves out 1,276 of 1,300 rows (98.2 %), but no column"
    )


def test_copies_of_rows_that_have_a_name_are_not_doubted(tmp_path: Path) -> None:
    rows = [(f"p{number % 900}", *KINDS[number % 900 % 24]) for number in range(1000)]
    recipe = project(tmp_path, rows, "passenger,class,age,sex,survived")
    result, lines = done(recipe, "data.clean=[exact_duplicates]")
    assert lost(stages(recipe, result)).by_step == {"exact_duplicates": 100}
    assert not [line for line in lines if "usually different people" in line]
    assert [line for line in lines if line.startswith("100 rows are left out (exact_duplicates)")]


def test_every_step_counts_toward_the_limit(tmp_path: Path) -> None:
    kinds = Random(2).choices(KINDS, k=400)
    rows = [(*kind[:3], kind[3] if number % 5 else "") for number, kind in enumerate(kinds)]
    rows = [("", *row[1:]) if number % 4 == 0 else row for number, row in enumerate(rows)]
    recipe = project(tmp_path, rows, "class,age,sex,survived")
    dropping = "data.clean=[missing: {category: drop}]"
    inputs = "inputs={class: category, age: category, sex: category}"
    result, _ = done(recipe, dropping, inputs)
    gone = lost(stages(recipe, result))
    assert list(gone.by_step) == ["missing_target", "missing"]
    assert gone.by_step["missing_target"] == 80
    with pytest.raises(DataError, match=r"left out: 80 by missing_target, \d+ by missing"):
        done(recipe, dropping, inputs, "data.max_lost=0.25")


def test_flows_of_a_run_join(people: Path) -> None:
    outliers = "data.clean=[exact_duplicates, outliers]"
    inputs = "inputs={class: category, age: category, sex: category}"
    result, _ = done(people, outliers, inputs, "data.max_lost=1.0", "data.split.test=0.3")
    flows = [flow for artifact in stages(people, result).values() for flow in flows_of(artifact)]
    assert [flow.step for flow in flows] == [
        *("acquire", "exact_duplicates", "split", "outliers", "prepare")
    ]
    assert all(flow.rows_in == flow.rows_out + flow.rejected for flow in flows)
    assert all(one.rows_out == next_one.rows_in for one, next_one in pairwise(flows))


def test_the_loss_is_told_first(people: Path) -> None:
    with people.open("a", encoding="utf-8") as file:
        file.write("# the same again\n")
    text = people.with_name("people.csv").read_text(encoding="utf-8")
    people.with_name("people.csv").write_text(text + "crew,adult,m,\n" * 2, encoding="utf-8")
    result, _ = done(people, until="bundle")
    assert result.summary["lost"]["rows"] == 2
    assert describe(result, "people").splitlines()[1] == (
        "2 of 1,302 rows (0.154 %) are left out: 2 by missing_target"
    )


def test_rows_without_a_target_are_left_out_by_their_own_rule(tmp_path: Path) -> None:
    rows = [(*KINDS[number % 24][:3], "" if number % 10 == 3 else "yes") for number in range(100)]
    rows[0] = (*rows[0][:3], "no")
    recipe = project(tmp_path, rows, "class,age,sex,survived")
    result, lines = done(recipe, until="clean")
    assert lost(stages(recipe, result)).by_step == {"missing_target": 10}
    (line,) = [line for line in lines if "have no 'survived'" in line]
    assert line.startswith("10 of 100 rows have no 'survived' and are left out; the first: people")
    with pytest.raises(DataError, match="10 of 100 rows have no 'survived'") as refusal:
        done(recipe, "data.missing_target=refuse", until="clean")
    assert str(refusal.value.place) == "people.csv:5 (column survived)"


def test_numbers_have_their_own_marks_for_a_missing_target(tmp_path: Path) -> None:
    rows = [(*KINDS[n % 24][:3], "-" if n % 10 == 3 else str(n)) for n in range(100)]
    recipe = project(tmp_path, rows, "class,age,sex,survived")
    recipe.write_text(RECIPE.replace("classify", "regress"), encoding="utf-8")
    result, _ = done(recipe, until="prepare")
    assert lost(stages(recipe, result)).by_step == {"missing_target": 10}
    kept, _ = done(recipe, "target={survived: classify}", until="clean")
    assert lost(stages(recipe, kept)).rows == 0, "as a label, `-` is an answer"


def test_a_target_that_is_missing_everywhere_is_one_clear_line(tmp_path: Path) -> None:
    recipe = project(tmp_path, [(*kind[:3], "") for kind in KINDS], "class,age,sex,survived")
    with pytest.raises(DataError, match="not one of 24 rows has a 'survived'"):
        done(recipe)
