"""`stoker check` prints what becomes of the columns beside the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.cli.verbs.check import _notes
from stoker.plan.forecast import PlannedStage, RunPlan


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{n},{['C1', 'D2', 'A3'][n % 3]},¥{n}.50,{n % 2}\n" for n in range(80))
    Path("rows.csv").write_text(f"编号,grade,price,y\n{rows}", encoding="utf-8")
    Path("recipe.yaml").write_text(
        "version: 1\nname: a\ndata: {sources: [{csv: {path: rows.csv}}]}\ntarget: {y: classify}\n",
        encoding="utf-8",
    )


def check(*arguments: str) -> Result:
    done = CliRunner().invoke(root, ["check", *arguments], prog_name="stoker")
    assert done.exit_code == 0, done.exception
    return done


def test_columns_that_are_lost_stand_before_those_that_are_read_otherwise() -> None:
    sizes = [f"s{n}" for n in range(8)]
    clocks = ["".join(f"{m * n % 97}:{m:02}:00," for m in range(8)) for n in range(200)]
    rows = "".join(f"{c}{n * 7 % 60}:{n % 60:02},{n % 2}\n" for n, c in enumerate(clocks))
    Path("rows.csv").write_text(f"{','.join(sizes)},lost,y\n{rows}", encoding="utf-8")
    doubts = [line for line in check().stdout.splitlines() if line.startswith("not sure")]
    assert doubts[0].startswith("not sure lost: they are durations of two parts")
    assert len(doubts) == 6
    assert "2 more: stoker check --columns" in check().stdout


def test_columns_in_short() -> None:
    out = check().stdout
    assert "columns  1 category (grade); 1 number (price)" in out
    assert "1 left out ('编号')" in out
    assert "target   'y': 2 different numbers, which may be classes" in out
    assert "the recipe is sound" in out


def test_every_column_with_its_reason_and_what_to_write() -> None:
    lines = check("--columns").stdout.splitlines()
    assert lines[0].split("  ")[0] == "column"
    (price,) = [line for line in lines if line.startswith("price")]
    assert '{number: {unit: "¥"}}' in price
    assert price.endswith("price: category")
    (number,) = [line for line in lines if line.startswith("编号")]
    assert "identifier" in number
    assert "left out" in number


def test_a_recipe_that_names_its_inputs_is_told_as_it_is() -> None:
    with Path("recipe.yaml").open("a", encoding="utf-8") as file:
        file.write("inputs: {编号: category, price: {number: {unit: ¥, missing: ['¥3.50']}}}\n")
    short = check().stdout
    assert "columns  1 category (编号); 1 number (price)" in short
    assert "1 left out ('grade')" in short
    lines = {line.split()[0]: line for line in check("--columns").stdout.splitlines() if line}
    assert "the recipe does not name it; by itself it would be category" in lines["grade"]
    assert lines["grade"].endswith("grade: category")
    assert "the recipe says so; by itself it would be left out" in lines["编号"]
    assert '{number: {missing: ["¥3.50"], unit: "¥"}}' in lines["price"]


def test_json_has_the_choices() -> None:
    found = json.loads(check("--json").stdout)
    assert [one["column"] for one in found["choices"]["columns"]] == ["编号", "grade", "price"]
    assert found["choices"]["target"]["feature"] == {"classify": {}}
    assert found["stages"][0]["name"] == "acquire"


def test_no_time_in_all_is_told_of_stages_that_all_show_a_dash() -> None:
    unknown = PlannedStage("train", "to do", None, False, None, None, 500_000_000)
    known = PlannedStage("split", "to do", 90, True, 2.0, "rates", 400_000_000)
    assert "time    nobody can tell before the data is read" in _notes(RunPlan((unknown, unknown)))
    said = _notes(RunPlan((unknown, known)))
    assert "about 2" in said
    assert "without the stages that show a dash" in said
