"""`stoker init`: recipes for own data that the recipe layer accepts as they are."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.cli.starters import read_template
from stoker.core.errors import DataError, RecipeError
from stoker.core.steps import step_name
from stoker.data.acquire.csv import Csv
from stoker.data.dataset import Dataset
from stoker.data.read_sources import acquire
from stoker.recipe.load import load_recipe
from stoker.tasks.regress import Regress
from tests.data.acquire.workbooks import write_workbook

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["init", *arguments], prog_name="stoker")


@pytest.mark.parametrize("name", ["images", "text", "tags", "table"])
def test_a_template_is_a_sound_recipe_and_the_example_is_the_same(name: str) -> None:
    done = init(name)
    assert done.exit_code == 0
    assert "edit recipe.yaml" in done.output
    assert load_recipe(Path("recipe.yaml")).name == name
    example = (EXAMPLES / f"own-{name}.yaml").read_text(encoding="utf-8")
    assert example == read_template(name)


@pytest.mark.parametrize("folder", ["图片", "no", "my photos", "a: b #c"])
def test_a_folder_of_pictures(folder: str) -> None:
    for label in ("甲", "乙"):
        (Path(folder) / label).mkdir(parents=True)
    done = init("images", folder)
    assert done.exit_code == 0, done.exception
    assert "edit" not in done.output
    assert "<--" not in Path("recipe.yaml").read_text(encoding="utf-8")
    (source,) = load_recipe(Path("recipe.yaml")).data.sources
    assert source.model_dump()["path"] == folder


def test_a_folder_of_texts_is_written_down_with_the_encodings_that_it_has() -> None:
    for label, encoding in (("好", "utf-8"), ("坏", "gb18030")):
        (Path("评论") / label).mkdir(parents=True)
        for number in range(3):
            text = f"这是第{number}个很{label}的水壶, 我们都用了两年"
            (Path("评论") / label / f"{number}.txt").write_bytes(text.encode(encoding))
    done = init("text", "评论")
    assert done.exit_code == 0, done.exception
    (source,) = load_recipe(Path("recipe.yaml")).data.sources
    assert source.model_dump()["path"] == "评论"
    assert source.model_dump()["encoding"] == ("utf-8", "gb18030")


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_a_table(ending: str) -> None:
    path = Path(f"客户.{ending}")
    if ending == "parquet":
        pq.write_table(pa.table({"年龄": [1], "no": [2]}), path)
    elif ending == "jsonl":
        path.write_text('{"年龄": 1, "no": 2}\n', encoding="utf-8")
    else:
        path.write_text("年龄,no\n1,2\n".replace(",", "\t" if ending == "tsv" else ","), "utf-8")
    done = init("table", str(path), "--target", "no")
    assert done.exit_code == 0, done.exception
    recipe = load_recipe(Path("recipe.yaml"))
    assert recipe.target_column == "no"
    assert step_name(recipe.data.sources[0]) == ("csv" if ending == "tsv" else ending)
    assert re.fullmatch(r"table-[0-9a-f]{4}", recipe.name)
    assert "# for 客户: names are ASCII" in Path("recipe.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "shift_jis"])
def test_a_table_as_spreadsheets_write_it(delimiter: str, encoding: str) -> None:
    names, labels = ("客户年龄", "是否流失"), ("已经流失", "仍然在用")
    if encoding == "shift_jis":
        names, labels = ("おきゃくさま", "やめたひと"), ("やめました", "つづけます")
    rows = [names, *((str(20 + n % 50), labels[n % 3 == 0]) for n in range(100))]
    text = "".join(delimiter.join(row) + "\r\n" for row in rows)
    Path("a.csv").write_bytes(text.encode(encoding))
    done = init("table", "a.csv", "--target", names[1])
    assert done.exit_code == 0, done.exception
    (source,) = load_recipe(Path("recipe.yaml")).data.sources
    assert isinstance(source, Csv)
    assert source.delimiter == delimiter
    Path("made").mkdir()
    summary = acquire([source], Path("made"), project=Path.cwd(), cache=Path.cwd())
    assert tuple(Dataset.open(Path("made")).columns) == names
    assert summary["rows_out"] == 100


def test_numbers_with_a_decimal_comma_are_measured() -> None:
    rows = "".join(f"{n};{n * 7 % 100},{n % 9}\n" for n in range(100))
    Path("a.csv").write_text(f"x;preis\n{rows}", encoding="utf-8")
    assert init("table", "a.csv", "--target", "preis").exit_code == 0
    task = load_recipe(Path("recipe.yaml")).task
    assert isinstance(task, Regress)
    assert task.decimal == ","


def test_a_table_in_no_encoding_that_can_be_told() -> None:
    Path("a.csv").write_bytes(b"a,b\n" + b"\x81\x20\xff,\xfe\x80\n" * 9)
    done = init("table", "a.csv", "--target", "b")
    assert isinstance(done.exception, DataError)
    assert "the option `encoding`" in str(done.exception)


TITLE: list[list[object]] = [["Visits of 2024", None, None], [None, None, None]]
OPTIONS: dict[str, tuple[str, list[str], dict[str, object]]] = {
    "a sheet": ("two.xlsx", ["sheet=2024"], {"sheet": "2024"}),
    "a title row": ("title.xlsx", ["header_row=3"], {"header_row": 3}),
    "a title line": ("title.csv", ["header_row=3"], {"header_row": 3, "delimiter": ";"}),
    "an encoding": ("koi.csv", ["encoding=koi8-r"], {"encoding": "koi8-r", "delimiter": ";"}),
    "a delimiter": ("blank.csv", ['delimiter=" "'], {"delimiter": " "}),
    "new names": ("twice.csv", ["names=[age, came]"], {"names": ("age", "came")}),
}


def _write_files_that_need_options() -> None:
    rows = [["age", "came"], *[[n % 50, "ja" if n % 3 else "nein"] for n in range(40)]]
    write_workbook(Path("two.xlsx"), {"2024": rows, "notes": [["x"]]})
    write_workbook(Path("title.xlsx"), {"s": [*TITLE, *[[*row, "z"] for row in rows]]})
    Path("title.csv").write_text("Visits, 2024\n\nage;came;x\n" + "3;ja;1\n4;nein;2\n" * 20)
    text = "age;came\n" + "".join(f"{n};{'да' if n % 3 else 'нет'}\n" for n in range(40))
    Path("koi.csv").write_bytes(text.encode("koi8-r"))
    Path("blank.csv").write_text("age came\n" + "3 ja\n4 nein\n" * 20)
    Path("twice.csv").write_text("a,a\n" + "3,ja\n4,nein\n" * 20)


@pytest.mark.parametrize("case", OPTIONS)
def test_an_option_that_is_given_is_used_and_written_down(case: str) -> None:
    _write_files_that_need_options()
    name, pairs, written = OPTIONS[case]
    given = [part for pair in pairs for part in ("--set", pair)]
    shown = CliRunner().invoke(root, ["data", "show", name, *given, "--json"])
    assert shown.exit_code == 0, shown.exception
    columns = json.loads(shown.stdout)["profile"]["columns"]
    assert [one["name"] for one in columns][:2] == ["age", "came"]
    done = init("table", name, "--target", "came", *given)
    assert done.exit_code == 0, done.exception
    (source,) = load_recipe(Path("recipe.yaml")).data.sources
    assert written.items() <= source.model_dump().items()


@pytest.mark.parametrize("name", ["two.xlsx", "title.xlsx", "title.csv", "twice.csv"])
def test_the_option_that_a_message_advises_is_the_one_that_helps(name: str) -> None:
    _write_files_that_need_options()
    failed = init("table", name, "--target", "x")
    assert isinstance(failed.exception, DataError)
    advised = re.search(
        r"(--set (?:'.*?'|\S+)) with init, data show and predict", str(failed.exception)
    )
    assert advised is not None
    assert CliRunner().invoke(root, ["data", "show", name, *shlex.split(advised[1])]).exit_code == 0


def test_a_wrong_option_is_named_before_anything_is_read() -> None:
    Path("rows.csv").write_bytes(b"a,b\n\xff\xfe\x80,1\n")
    for pair, said in [
        ("delimeter=;", "did you mean 'delimiter'?"),
        ("encoding=klingon", "unknown encoding 'klingon'"),
        ("path=b.csv", "name the file as the argument"),
    ]:
        done = init("table", "rows.csv", "--target", "b", "--set", pair)
        assert isinstance(done.exception, RecipeError)
        assert said in str(done.exception)
    done = init("images", "--set", "sheet=a")
    assert "stoker init table FILE --set KEY=VALUE" in str(done.exception)


def test_a_text_in_another_encoding_is_read_and_said() -> None:
    text = "Größe;Preis\n" + "".join(f"{n};{n},50 €\n" for n in range(40))
    Path("a.csv").write_bytes(text.encode("cp1252"))
    done = init("table", "a.csv", "--target", "Größe")
    assert done.exit_code == 0, done.exception
    said = "a.csv is read with a semicolon between fields and encoding cp1252 ('Größe')"
    assert said in done.output
    assert 'delimiter: ";", encoding: cp1252}' in Path("recipe.yaml").read_text(encoding="utf-8")


def _write(path: Path, columns: dict[str, list]) -> None:
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        rows = [json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()]
        path.write_text("".join(rows), encoding="utf-8")
    else:
        pa_csv.write_csv(table, path)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize(
    ("target", "task"),
    [
        ([n % 214 for n in range(442)], "regress"),
        ([n / 3 for n in range(100)], "regress"),
        ([*(n / 3 for n in range(100)), None], "regress"),
        ([0, 1] * 200, "classify"),
        ([n % 10 for n in range(400)], "classify"),
        ([n % 26 for n in range(4000)], "regress"),
        ([0.5, 1.0, 1.5, 2.0] * 50, "regress"),
        ([18 + n % 72 for n in range(4000)], "regress"),
        ([f"城市{n}" for n in range(100)], "classify"),
    ],
)
def test_the_task_follows_from_the_target(ending: str, target: list, task: str) -> None:
    path = Path(f"rows.{ending}")
    _write(path, {"a": list(range(len(target))), "结果": target})
    done = init("table", str(path), "--target", "结果")
    assert done.exit_code == 0, done.exception
    recipe = load_recipe(Path("recipe.yaml"))
    assert step_name(recipe.task) == task
    assert recipe.data.split.stratify == ("结果" if task == "classify" else None)


def test_a_damaged_table_is_one_clear_error() -> None:
    Path("rows.jsonl").write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    assert isinstance(init("table", "rows.jsonl", "--target", "a").exception, DataError)


def test_an_empty_table_is_said_to_be() -> None:
    Path("空.csv").touch()
    done = init("table", "空.csv", "--target", "x")
    assert isinstance(done.exception, DataError)
    assert "the file is empty" in str(done.exception)
    assert not Path("recipe.yaml").exists()


def test_data_elsewhere_is_named_by_its_whole_path(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = init("table", str(tmp_path / "rows.csv"), "--target", "b", "-o", str(other / "r.yaml"))
    assert done.exit_code == 0, done.exception
    (source,) = load_recipe(other / "r.yaml").data.sources
    assert source.model_dump()["path"] == str(tmp_path / "rows.csv")


def test_data_beside_the_folder_of_the_recipe_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n2,3\n" * 20, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "recipes")
    assert init("table", "../rows.csv", "--target", "b").exit_code == 0
    (source,) = load_recipe(Path("recipe.yaml")).data.sources
    assert isinstance(source, Csv)
    assert source.path == "../rows.csv"
    moved = tmp_path / "moved"
    (tmp_path / "recipes").rename(moved)
    monkeypatch.chdir(tmp_path)
    (moved / "made").mkdir()
    summary = acquire([source], moved / "made", project=moved, cache=tmp_path / "cache")
    assert summary["rows_out"] == 40
    assert init("table", "rows.csv", "--target", "b", "-o", "moved/other.yaml").exit_code == 0
    (source,) = load_recipe(moved / "other.yaml").data.sources
    assert source.model_dump()["path"] == "../rows.csv"


def test_a_way_that_a_link_leads_astray_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n2,3\n" * 20, encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "deep")
    done = init("table", "rows.csv", "--target", "b", "-o", "link/recipe.yaml")
    assert done.exit_code == 0, done.exception
    (source,) = load_recipe(tmp_path / "link" / "recipe.yaml").data.sources
    assert source.model_dump()["path"] == str(tmp_path / "rows.csv")


def test_mistakes_are_explained(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("age,income\n1,2\n", encoding="utf-8")
    (tmp_path / "flat").mkdir()
    for label in ("a", "b"):
        (tmp_path / "blank" / label).mkdir(parents=True)
    for arguments, kind, said in [
        (["table", "rows.csv"], RecipeError, "--target with one of age, income"),
        (["table", "rows.csv", "--target", "incom"], RecipeError, "did you mean 'income'?"),
        (["table", "gone.csv", "--target", "x"], DataError, "no such file"),
        (["table", "flat", "--target", "x"], DataError, "is a folder with no table in it"),
        (["images", "flat"], DataError, "one sub-folder per class"),
        (["images", "gone"], DataError, "no such folder"),
        (["text", "flat"], DataError, "stoker init table FILE --target COLUMN"),
        (["text", "gone"], DataError, "no such folder"),
        (["text", "blank"], DataError, "nothing in this folder"),
    ]:
        done = init(*arguments)
        assert isinstance(done.exception, kind)
        assert said in str(done.exception)
        assert not Path("recipe.yaml").exists()


def test_a_file_of_tags_is_read_as_it_is() -> None:
    Path("名.bmes").write_text("王 B-PER\n明 E-PER\n", encoding="utf-8")
    assert init("tags", "名.bmes").exit_code == 0
    recipe = load_recipe(Path("recipe.yaml"))
    assert [step_name(source) for source in recipe.data.sources] == ["conll"]
    assert recipe.task.model_dump()["text"] == "text"


def test_spans_and_their_text_are_found_among_the_keys_of_json_lines() -> None:
    records = [
        {"id": "a", "a: b": "Eva in Rome", "note": "x", "nums": [1], "人名": [[0, 3, "PER"]]},
        {"id": "b", "a: b": "nothing", "note": "y", "nums": [], "人名": []},
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    Path("d.jsonl").write_text(lines + "broken\n", encoding="utf-8")
    assert init("tags", "d.jsonl").exit_code == 0
    recipe = load_recipe(Path("recipe.yaml"))
    assert recipe.target_column == "人名"
    assert recipe.task.model_dump()["text"] == "a: b"
    assert list(recipe.inputs or {}) == ["a: b"]
    (source,) = recipe.data.sources
    assert source.model_dump()["as_json"] == ("人名",)


TAG_MISTAKES = {
    "d.txt": ("x", None, "is no file of texts with spans"),
    "none.jsonl": ('{"text": "x", "n": [1]}\n', None, "none of the first 1 records holds"),
    "far.jsonl": ('{"text": "x", "s": [[0, 9, "A"]]}\n', None, "no text is as long as the spans"),
    "two.jsonl": ('{"text": "x", "s": [[0, 1, "A"]]}\n', "text", "'text' holds no list of spans"),
}


@pytest.mark.parametrize("name", TAG_MISTAKES)
def test_mistakes_of_spans_are_explained(name: str) -> None:
    content, target, said = TAG_MISTAKES[name]
    Path(name).write_text(content, encoding="utf-8")
    done = init("tags", name, *(["--target", target] if target else []))
    assert said in str(done.exception)
    assert not Path("recipe.yaml").exists()


def test_an_existing_recipe_is_kept() -> None:
    Path("recipe.yaml").write_text("mine", encoding="utf-8")
    assert isinstance(init("images").exception, RecipeError)
    assert Path("recipe.yaml").read_text(encoding="utf-8") == "mine"


def test_every_column_is_named_with_the_reason() -> None:
    rows = "".join(
        f"N{i},{i % 40},{'京沪'[i % 2]},{i * 7 % 90},{i % 2},{i % 28 + 1}/1/2024,{i / 7:.1f}%\n"
        for i in range(200)
    )
    Path("rows.csv").write_text(f"编号,年龄,a: b,no,bought,day,rate\n{rows}", encoding="utf-8")
    assert init("table", "rows.csv", "--target", "bought").exit_code == 0
    text = Path("recipe.yaml").read_text(encoding="utf-8")
    assert re.search(r"(?m)^  年龄: number {20,}# 40 different numbers from 0 to 39$", text)
    assert re.search(r'(?m)^  "a: b": category +# 2 different values in 200 rows$', text)
    assert re.search(r'(?m)^  rate: \{number: \{unit: "%"\}\} +# .*written such as \'0.0%\'$', text)
    assert re.search(r"(?m)^#  编号: category +# left out: 200 different values in 200 rows", text)
    assert re.search(r"(?m)^target: \{bought: classify\} +# 2 different numbers", text)
    inputs = load_recipe(Path("recipe.yaml")).inputs
    assert inputs is not None
    assert {"年龄", "a: b", "no", "rate"} <= set(inputs)
    taken_up = text.replace("#  编号", "  编号")
    Path("all.yaml").write_text(taken_up, encoding="utf-8")
    assert "编号" in (load_recipe(Path("all.yaml")).inputs or {})


def test_a_sorted_table_is_judged_by_all_of_its_rows() -> None:
    rows = [
        f"{'north' if i < 28_000 else 'south'},{i % 97 if i < 39_990 else 'X363'},{i % 2}\n"
        for i in range(40_000)
    ]
    Path("rows.csv").write_text("region,code,y\n" + "".join(rows), encoding="utf-8")
    assert init("table", "rows.csv", "--target", "y").exit_code == 0
    inputs = load_recipe(Path("recipe.yaml")).inputs
    assert inputs is not None
    assert {name: step_name(step) for name, step in inputs.items()} == {
        "region": "category",
        "code": "category",
    }


def test_a_target_of_money_is_a_number_with_its_options() -> None:
    rows = "".join(f'"¥{i},{i + 100}.5",{i % 9}\n' for i in range(1, 99))
    Path("rows.csv").write_text(f"price,x\n{rows}", encoding="utf-8")
    done = init("table", "rows.csv", "--target", "price")
    assert done.exit_code == 0, done.exception
    task = load_recipe(Path("recipe.yaml")).task
    assert isinstance(task, Regress)
    assert (task.thousands, task.unit) == (",", "¥")


def test_folders_are_read_or_explained() -> None:
    for folder, files in {
        "one": ["a.csv", "b.csv"],
        "two": ["a.csv", "b.jsonl"],
        "hive": ["region=north/a.csv", "region=south/a.csv"],
        "deep": ["north/a.csv"],
    }.items():
        for name in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{i % 7},{i % 2}\n" for i in range(60)).join(["x,y\n", ""]))
    assert init("table", "one", "--target", "y").exit_code == 0
    assert load_recipe(Path("recipe.yaml")).data.sources[0].model_dump()["path"] == "one"
    Path("recipe.yaml").unlink()
    assert init("table", "hive", "--target", "y").exit_code == 0
    assert "region" in (load_recipe(Path("recipe.yaml")).inputs or {})
    Path("recipe.yaml").unlink()
    for folder, said in [
        ("two", "tables of several kinds"),
        ("two", "name one of a.csv, b.jsonl"),
        ("deep", "files lie deeper, such as north/a.csv"),
    ]:
        assert said in str(init("table", folder, "--target", "y").exception)


PATTERNS = ["sales/*.csv", "*.csv", "sales/[ab].csv", "sales/?.csv", "parts/y=*/a.csv"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_read_as_its_source_reads_it(tmp_path: Path, pattern: str) -> None:
    for name in ("sales/a.csv", "sales/b.csv", "parts/y=1/a.csv", "parts/y=2/a.csv", "x.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("".join(f"{i % 7},{i % 2}\n" for i in range(60)).join(["x,z\n", ""]))
    Path("sales/note.md").write_text("a")
    done = init("table", pattern, "--target", "z")
    assert done.exit_code == 0, done.exception
    recipe = load_recipe(Path("recipe.yaml"))
    (source,) = recipe.data.sources
    assert source.model_dump()["path"] == pattern
    assert isinstance(source, Csv)
    assert len(source.files(tmp_path, tmp_path)) == (1 if pattern == "*.csv" else 2)
    folder = {"parts": "a", "*.csv": re.sub(r"[^A-Za-z0-9._]+", "-", tmp_path.name)}
    assert recipe.name == folder.get(pattern.partition("/")[0], "sales")
    assert ("y" in (recipe.inputs or {})) == pattern.startswith("parts")
    Path("deep").mkdir()
    done = init("table", f"../{tmp_path.name}/{pattern}", "--target", "z", "-o", "deep/r.yaml")
    assert done.exit_code == 0, done.exception
    assert load_recipe(Path("deep/r.yaml")).data.sources[0].model_dump()["path"] == f"../{pattern}"


def test_a_pattern_that_will_not_do_says_why() -> None:
    for name in ("a.csv", "b.jsonl", "c.md"):
        Path(name).write_text("x,y\n1,2\n")
    for pattern, said in [
        ("*.parquet", "no file to read here"),
        ("[ab].*", "is a pattern with tables of several kinds"),
        ("[ac].*", "is a pattern with other files beside its tables"),
        ("*.md", "is a pattern with no table in it"),
    ]:
        done = init("table", pattern, "--target", "y")
        assert isinstance(done.exception, DataError)
        assert said in str(done.exception)


def test_a_file_of_another_kind_is_answered_with_what_to_do() -> None:
    Path("a.xls").write_bytes(b"x")
    assert "save it as .xlsx or as CSV" in str(init("table", "a.xls", "--target", "y").exception)


def test_columns_of_parquet_are_named(tmp_path: Path) -> None:
    codes = pa.array(["1", "2"] * 30).dictionary_encode()
    table = pa.table({"sex": codes, "x": [i / 7 for i in range(60)], "y": [True, False] * 30})
    pq.write_table(table.append_column("l", pa.array([[1]] * 60)), "a.parquet")
    assert init("table", "a.parquet", "--target", "y").exit_code == 0
    inputs = load_recipe(Path("recipe.yaml")).inputs
    assert inputs is not None
    assert {name: step_name(step) for name, step in inputs.items()} == {
        "sex": "category",
        "x": "number",
    }
    Path("recipe.yaml").unlink()
    assert "nested" in str(init("table", "a.parquet", "--target", "l").exception)


def test_numbers_with_a_decimal_comma_name_the_inputs() -> None:
    rows = "".join(f"{i % 30},{i % 7};{'京沪'[i % 2]};{i};{i % 9},5\n" for i in range(60))
    Path("rows.csv").write_text(f"面积;区;房间;价格\n{rows}", encoding="utf-8")
    assert init("table", "rows.csv", "--target", "价格").exit_code == 0
    inputs = load_recipe(Path("recipe.yaml")).inputs
    assert inputs is not None
    assert {name: (step_name(f), getattr(f, "decimal", None)) for name, f in inputs.items()} == {
        "面积": ("number", ","),
        "区": ("category", None),
    }


def test_a_table_of_very_many_columns_is_not_written_down() -> None:
    lines = [
        json.dumps({f"c{k}": k * i % 11 for k in range(250)} | {"y": i % 2}) for i in range(50)
    ]
    Path("rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert init("table", "rows.jsonl", "--target", "y").exit_code == 0
    assert "chosen from 250 columns" in Path("recipe.yaml").read_text(encoding="utf-8")
    assert load_recipe(Path("recipe.yaml")).inputs is None


@pytest.mark.parametrize("cell", [["x", "y"], [], {"k": 1}, True, None, 1.5], ids=ascii)
def test_json_cells_of_any_kind_are_looked_at(cell: object) -> None:
    lines = [json.dumps({"a": cell, "b": i % 7, "y": i % 2}) for i in range(60)]
    Path("rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = init("table", "rows.jsonl", "--target", "y")
    assert done.exit_code == 0, done.exception
    assert "  b: number  " in Path("recipe.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", [10**30, "\ud800"], ids=ascii)
def test_a_file_that_a_run_would_reject_is_refused(cell: object) -> None:
    lines = [json.dumps({"a": cell, "b": i % 7, "y": i % 2}) for i in range(60)]
    Path("rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = init("table", "rows.jsonl", "--target", "y")
    assert isinstance(done.exception, DataError)
    assert "all 60 records are bad" in str(done.exception)


@pytest.mark.parametrize("named", ["sales/region=north/part.parquet", "sales/region=north"])
def test_a_label_that_stands_in_the_path_names_the_folder_to_read(named: str) -> None:
    for region in ("north", "south"):
        folder = Path("sales") / f"region={region}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"x": [1.0, 2.0], "y": ["a", "b"]}), folder / "part.parquet")
    done = init("table", named, "--target", "region")
    assert isinstance(done.exception, RecipeError)
    assert "stoker init table sales reads all of them" in str(done.exception)
    assert init("table", "sales", "--target", "region").exit_code == 0


def test_rows_that_are_tied_together_have_their_split_as_a_comment() -> None:
    lines = ["Patient,下单时间,x,y"]
    lines += [f"{10_000 + 293 * (n * n % 71)},2023/{n // 25 + 1}/{n % 25 + 1},{n},{n % 2}"
              for n in range(300)]  # fmt: skip
    Path("t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = init("table", "t.csv", "--target", "y")
    assert done.exit_code == 0, done.exception
    text = Path("recipe.yaml").read_text(encoding="utf-8")
    assert load_recipe(Path("recipe.yaml")).data.split.stratify == "y"
    for key, column in (("time", "下单时间"), ("group", "Patient")):
        (line,) = [line for line in text.splitlines() if f"split: {{{key}" in line]
        assert line.startswith(f"  # split: {{{key}: {column}}}")
        taken = re.sub(r"(?m)^  split: .*\n", "", text).replace(line, line.replace("# ", "", 1))
        Path("other.yaml").write_text(taken, encoding="utf-8")
        assert "in the place of the line above" in line
        assert getattr(load_recipe(Path("other.yaml")).data.split, key) == column
    said = CliRunner().invoke(root, ["check", "other.yaml"], prog_name="stoker")
    assert "'Patient' is an input, and data.split.group divides the rows by it" in said.stderr


def test_a_row_of_totals_is_told_and_left_out_by_the_recipe() -> None:
    sizes = [n * 7 % 61 for n in range(60)]
    rows = [f"{'abc'[n % 3]},{size},{2 * size}" for n, size in enumerate(sizes)]
    total = f"Total,{sum(sizes)},{2 * sum(sizes)}"
    Path("shops.csv").write_text("\n".join(["shop,size,paid", *rows, total, ""]))
    done = init("table", "shops.csv", "--target", "paid")
    assert "shops.csv:62: is a row of totals ('Total')" in done.output
    (step,) = load_recipe(Path("recipe.yaml")).data.clean
    assert step_name(step) == "total_rows"
