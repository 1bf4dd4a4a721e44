"""`stoker data show`: a table of the columns, JSON, and one page that needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.core.errors import DataError

ROWS = [f"{n},{'京沪'[n % 2]},{n / 7:.1f}%,<b>{n % 3}</b>,{n * n}" for n in range(200)]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(["编号,城市,rate,<script>,area", *ROWS]) + "\n"
    Path("客户.csv").write_text(text, encoding="utf-8")


def show(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["data", "show", *arguments], prog_name="stoker")


def test_a_line_a_column() -> None:
    done = show("客户.csv")
    assert done.exit_code == 0, done.exception
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert lines["编号"].endswith("left out")
    assert "京 (50%)" in lines["城市"]
    assert lines["rate"].endswith('{number: {unit: "%"}}')
    assert "0 to 28.4" in lines["rate"]
    assert "200 rows; every cell was counted" in done.stdout


def test_years_and_what_may_be_meant_otherwise() -> None:
    rows = [f"{2018 + n % 3};{n}.{n + 100} €" for n in range(2, 99)]
    Path("a.csv").write_text("\n".join(["year;sales", *rows]) + "\n", encoding="utf-8")
    out = show("a.csv").stdout
    assert "2018 to 2020" in out
    assert "sales: '2.102 €' is read as 2102; if it is 2.102 write {number: {unit:" in out
    assert out.rstrip().endswith('to have it otherwise write sales: {number: {unit: "€"}}')


def test_json_holds_the_profile_and_the_choices() -> None:
    found = json.loads(show("客户.csv", "--json").stdout)
    assert found["profile"]["rows"] == 200
    assert [one["name"] for one in found["profile"]["columns"]][:2] == ["编号", "城市"]
    assert found["choices"][2]["feature"] == {"number": {"unit": "%"}}


class _Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_a_page_of_cards_without_script_or_address() -> None:
    done = show("客户.csv", "-o", "page.html")
    assert done.exit_code == 0, done.exception
    text = Path("page.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.tags.count("article") == 5
    assert "script" not in page.tags
    names = {name for name, _ in page.attributes}
    assert names.isdisjoint({"src", "href", "style", "onload"})
    assert "&lt;script&gt;" in text
    assert "<b>1</b>" not in text
    assert page.tags.count("svg") >= 5
    assert re.search(r"<h1>客户\.csv</h1>", text)


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_other_kinds_of_files(ending: str) -> None:
    path = Path(f"a.{ending}")
    if ending == "parquet":
        pq.write_table(pa.table({"x": [1.5, 2.5] * 30, "flag": [True, False] * 30}), path)
    else:
        path.write_text('{"x": 1.5, "flag": true}\n{"x": 2.5, "flag": false}\n' * 30)
    done = show(str(path))
    assert done.exit_code == 0, done.exception
    assert re.search(r"(?m)^flag +bool .* boolean +boolean$", done.stdout)


def test_what_is_no_table_is_explained() -> None:
    Path("a.docx").write_bytes(b"x")
    for name, said in [("gone.csv", "no such file"), ("a.docx", "unknown kind of file '.docx'")]:
        done = show(name)
        assert isinstance(done.exception, DataError)
        assert said in str(done.exception)
