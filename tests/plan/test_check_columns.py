"""A recipe that does not fit its data is refused with a line, before any work."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.core.errors import DataError, Place, RecipeError
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.pipeline.run import check, run
from stoker.plan.check_columns import _no_column
from stoker.plan.columns_of import KnownColumns, columns_of
from stoker.store.catalog import Catalog

RECIPE = """\
version: 1
name: people
data:
  sources: [SOURCE]
  split: {stratify: 标签}
inputs: {年龄: number}
target: {标签: classify}
"""
CSV = "{csv: {path: a.csv}}"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    lines = ["年龄,job,标签", *[f"{number},cook,{number % 2}" for number in range(40)]]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [{"年龄": number, "job": "cook", "标签": number % 2} for number in range(40)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("SOURCE", CSV), encoding="utf-8")
    return tmp_path / "recipe.yaml"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("{年龄: number}", "{年令: number}", r"recipe.yaml:6:10: .* no column '年令'"),
        ("{年龄: number}", "{年龄: number, jib: category}", r"(?s):6:\d+: .*did you mean 'job'"),
        ("{标签: classify}", "{label: classify}", r"recipe.yaml:7:10: .* no column 'label'"),
        ("stratify: 标签", "group: patient", r"recipe.yaml:5:18: .* no column 'patient'"),
        ("{年龄: number}", "{年龄: image}", r"recipe.yaml:6:14: .* holds no pictures"),
        ("inputs:", "model: cnn\ninputs:", r"recipe.yaml:6:8: model cnn is for pictures"),
        ("inputs: {年龄: number}", "model: resnet", r"recipe.yaml:6:8: model resnet is for"),
        ("inputs:", "model: rnn\ninputs:", r"recipe.yaml:6:8: model rnn is for texts"),
        ("inputs: {年龄: number}", "model: bag", r"recipe.yaml:6:8: model bag is for texts"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_line(
    recipe: Path, tmp_path: Path, was: str, now: str, said: str
) -> None:
    for source in (CSV, "{parquet: {path: a.parquet}}", "{jsonl: {path: a.jsonl}}"):
        text = RECIPE.replace("SOURCE", source)
        assert was in text
        recipe.write_text(text.replace(was, now), encoding="utf-8")
        for do in (check, run):
            with pytest.raises(RecipeError) as caught:
                do(recipe, home=tmp_path / "home")
            assert caught.match(said)
            assert Catalog(tmp_path / "home").runs() == []


@pytest.mark.parametrize("source", [CSV, "{jsonl: {path: a.jsonl}}"])
def test_an_empty_table_is_refused_before_any_work(
    recipe: Path, tmp_path: Path, source: str
) -> None:
    recipe.write_text(RECIPE.replace("SOURCE", source), encoding="utf-8")
    for name in ("a.csv", "a.jsonl"):
        (tmp_path / name).write_bytes(b"")
    for do in (check, run):
        with pytest.raises(DataError, match=r"a\.\w+: the file is empty"):
            do(recipe, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_pictures_do_not_go_into_trees(digits_project: Path) -> None:
    recipe = digits_project / "recipe.yaml"
    for override, said in (
        ("model=boosted_trees", "--set model=boosted_trees: model boosted_trees cannot take"),
        ("inputs.image=category", "--set inputs.image=category: column 'image' holds pictures"),
        ("target={lable: classify}", "(?s)--set target.*did you mean 'label'"),
    ):
        with pytest.raises(RecipeError, match=said):
            check(recipe, home=digits_project / "home", overrides=[override])


def test_an_override_is_named_and_a_sound_recipe_passes(recipe: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(RecipeError, match=r"--set inputs\.nope=number: there is no column 'nope'"):
        check(recipe, home=home, overrides=["inputs.nope=number"])
    assert check(recipe, home=home).to_do


def test_columns_that_only_the_rows_tell_are_compared_before_cleaning(
    recipe: Path, tmp_path: Path
) -> None:
    rows = [{"年龄": number, "标签": number % 2, "note": "x" * 4000} for number in range(40)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    source = "{jsonl: {path: a.jsonl}}"
    wrong = RECIPE.replace("SOURCE", source).replace("{年龄", "{age: number, 年龄")
    recipe.write_text(wrong, encoding="utf-8")
    home = tmp_path / "home"
    for do in (check, run, check):
        with pytest.raises(RecipeError, match=r"recipe.yaml:6:10: there is no column 'age'"):
            do(recipe, home=home)


@pytest.mark.parametrize(
    ("options", "data", "names"),
    [
        ({}, b'\xef\xbb\xbfa,"b,\nc"\n1,2\n', ("a", "b,\nc")),
        ({}, "a,b\n1,2\n".encode("utf-16"), ("a", "b")),
        ({"encoding": "gb18030", "delimiter": ";"}, "甲;乙\n".encode("gb18030"), ("甲", "乙")),
        ({"header": False}, b"1,2,3\n", ("c1", "c2", "c3")),
        ({"names": ["x", "y"]}, b"1,2\n", ("x", "y")),
        ({"strip": True}, b" a ,\tb\n", ("a", "b")),
        ({}, gzip.compress(b"a,b\n", mtime=0), ("a", "b")),
        ({}, b",b\n1,2\n", ("row_name", "b")),
        ({}, b"sep=;\na;b\n1;2\n", ("a", "b")),
    ],
)
def test_a_header_is_seen_as_the_source_reads_it(
    tmp_path: Path, options: dict[str, Any], data: bytes, names: tuple[str, ...]
) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    source = make_step("stoker.data.acquire", {"csv": {"path": "a.csv", **options}}, Source)
    found = columns_of(source, tmp_path, tmp_path)
    assert found is not None
    assert found.names == names


@pytest.mark.parametrize(
    "data", [gzip.compress(b"a,b\n" * 99, mtime=0)[:20], b"a,a\n1,2\n", b"a;b\n1;2\n", b'"a"b,c\n']
)
def test_a_header_that_a_run_refuses_is_refused_before(
    recipe: Path, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    said = set()
    for do in (check, run):
        with pytest.raises(DataError) as caught:
            do(recipe, home=tmp_path / "home")
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_column_that_is_left_out_is_named_with_the_reason(recipe: Path, tmp_path: Path) -> None:
    table = pq.read_table(tmp_path / "a.parquet").append_column("job2", [[[1]] * 40])
    pq.write_table(table, tmp_path / "a.parquet")
    text = RECIPE.replace("SOURCE", "{parquet: {path: a.parquet}}")
    recipe.write_text(text.replace("{年龄: number}", "{job2: category}"), encoding="utf-8")
    for do in (check, run):
        with pytest.raises(RecipeError, match="column 'job2' is not read: it is of the nested"):
            do(recipe, home=tmp_path / "home")


def test_a_column_that_only_folders_without_a_key_may_say_is_told_how(tmp_path: Path) -> None:
    for place in ("north", "south"):
        (tmp_path / "sales" / place).mkdir(parents=True)
        part = pa.table({"x": [1.0, 2.0], "y": ["a", "b"]})
        pq.write_table(part, tmp_path / "sales" / place / "part.parquet")
    recipe = {
        "version": 1,
        "name": "one",
        "data": {"sources": [{"parquet": {"path": str(tmp_path / "sales" / "*" / "*.parquet")}}]},
        "inputs": {"x": "number"},
        "target": {"region": "classify"},
    }
    with pytest.raises(RecipeError, match=r"\(north, south\) say it, call them region=\.\.\."):
        check(recipe, home=tmp_path / "home")


def test_a_column_in_the_path_of_one_file_names_the_folder_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "sales" / "region=north"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1.0, 2.0], "y": ["a", "b"]}), folder / "part.parquet")
    recipe = {
        "version": 1,
        "name": "one",
        "data": {"sources": [{"parquet": {"path": str(folder / "part.parquet")}}]},
        "inputs": {"x": "number"},
        "target": {"region": "classify"},
    }
    with pytest.raises(RecipeError, match=r"write path: .*sales to read all of them"):
        check(recipe, home=tmp_path / "home")


@pytest.mark.parametrize(("number", "more"), [(1, ""), (30, ""), (31, " and 1 more")])
def test_as_many_names_are_shown_as_fit_in_a_line(number: int, more: str) -> None:
    names = tuple(f"c{n}" for n in range(number))
    error = _no_column("x", KnownColumns(names, {}), Place("r.yaml", 3), "try c0")
    assert error.what == "there is no column 'x' in the data"
    assert error.expected == "one of " + ", ".join(map(repr, names[:30])) + more
    assert (error.fix, error.place) == ("try c0", Place("r.yaml", 3))


def test_a_column_that_a_source_does_not_read_is_not_called_absent() -> None:
    columns = KnownColumns(("a",), {}, {"x": "holds lists"})
    error = _no_column("x", columns, Place("r.yaml", 3), None)
    assert error.what == "column 'x' is not read: it holds lists"
    assert error.place == Place("r.yaml", 3)
