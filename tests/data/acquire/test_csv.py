from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from stoker.cells.raw import MISSING_TEXTS
from stoker.core.errors import DataError, RecipeError
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.data.acquire._csv_form import csv_form
from stoker.data.acquire._csv_titles import titles_above
from stoker.data.acquire.csv import Csv
from tests.data.acquire.conftest import Acquire, Told

HEADER = b"name,age\n"


@pytest.fixture
def write(project: Path):
    def write_file(content: bytes, name: str = "a.csv") -> str:
        (project / name).write_bytes(content)
        return name

    return write_file


def test_keeps_every_value_as_it_was_written(read: Acquire, write) -> None:
    values = [
        "007",
        "1e400",
        "NA",
        "None",
        "null",
        "1,234.5",
        "03/04/2020",
        "9" * 40,
        "=1+1",
        " x ",
    ]
    write(b"v\n" + "".join(f'"{value}"\n' for value in values).encode())
    assert read({"csv": {"path": "a.csv", "missing": [""]}}).column("v") == values


def test_the_usual_spellings_of_missing_are_missing_and_said(
    read: Acquire, write, told: Told
) -> None:
    usual = ["NA", " n/a ", "NULL", "nan", "#N/A", "?", "未知", "不详", "缺失", "未测", ""]
    answers = ["无", "none", "-", "0", "unknown", "na na"]
    rows = "".join(f'"{cell}",1\n' for cell in [*usual, *answers])
    write(b"v,w\n" + rows.encode())
    result = read({"csv": {"path": "a.csv"}})
    assert read({"csv": {"path": "a.csv", "missing": ["", "无"]}}).column("v")[-6] is None
    assert result.column("v") == [None] * len(usual) + answers
    [line] = told.messages
    assert "column 'v': 10 cells are taken as missing" in line
    assert "'未知' 1" in line or "'NA' 1" in line
    assert result.info["text_cells"]["missing"] == sorted(MISSING_TEXTS)


def test_the_guard_of_a_formula_is_taken_off(read: Acquire, write) -> None:
    cells = ["'=1+1", "'-x", "''=x", "'tis", "'a'", "'"]
    write(b"'=v,w\n" + "".join(f"{cell},1\n" for cell in cells).encode())
    assert read({"csv": {"path": "a.csv"}}).column("=v") == ["=1+1", "-x", "'=x", *cells[3:]]


def test_reads_chinese_names_columns_and_values(read: Acquire, write) -> None:
    write("姓名,年龄\n李雷,七\n".encode(), "数据.csv")
    result = read({"csv": {"path": "数据.csv"}})
    assert result.rows.select(["_source", "姓名", "年龄"]).to_pylist() == [
        {"_source": "数据.csv", "姓名": "李雷", "年龄": "七"}
    ]


GOOD = {
    "byte order mark": b"\xef\xbb\xbfname,age\nli,7\n",
    "utf-16": "name,age\nli,7\n".encode("utf-16"),
    "utf-16 big endian": b"\xfe\xff" + "name,age\nli,7\n".encode("utf-16-be"),
    "crlf": b"name,age\r\nli,7\r\n",
    "mixed ends": b"name,age\r\nli,7\n",
    "no last end": b"name,age\nli,7",
    "blank lines": b"\n\r\nname,age\n\nli,7\n\r\n\n",
    "all quoted": b'"name","age"\n"li","7"\n',
    "gzip": gzip.compress(b"name,age\nli,7\n"),
    "two gzip members": gzip.compress(b"name,age\n") + gzip.compress(b"li,7\n"),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_reads_sound_forms(read: Acquire, write, content: bytes) -> None:
    result = read({"csv": {"path": write(content)}})
    assert result.rows.select(["name", "age"]).to_pylist() == [{"name": "li", "age": "7"}]
    assert not result.rejects


BAD_RECORDS = {
    "short": (b"x\n", "too short: 1 fields where 2"),
    "long": (b"x,1,2\n", "too long: 3 fields where 2"),
    "NUL": (b"x\0,1\n", "NUL"),
    "not utf-8": (b"\xff\xfe,1\n", "UTF-8"),
    "lone return": (b"x\ry,1\n", "carriage return"),
    "unclosed quote": (b'x,"1\n', "not closed|behind a closing|never closed"),
    "text behind quote": (b'"x"y,1\n', "behind a closing quote"),
    "long field": (b"x" * (1 << 20) + b"y,1\n", "more than 1 MiB"),
    "long quoted field": (b'"' + (b"x" * 1023 + b"\n") * 1025 + b'y",1\n', "within 1 MiB"),
    "quoted short": (b'"x\ny"\n', "too short"),
}


@pytest.mark.parametrize(("record", "reason"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_rejects_a_bad_record_with_its_line_and_keeps_the_others(
    read: Acquire, write, record: bytes, reason: str
) -> None:
    content = HEADER + "é,1\n".encode() + record + "è,2\nc,3\n".encode()
    result = read({"csv": {"path": write(content)}})
    assert result.column("name")[0] == "é"
    assert result.column("name")[-2:] == ["è", "c"]
    first = result.rejects[0]
    assert (first["source"], first["line"], first["step"]) == ("a.csv", 3, "csv")
    assert re.search(reason, first["reason"])
    assert len(first["found"]) <= 120


def test_gives_the_line_on_which_a_record_begins(read: Acquire, write) -> None:
    write(HEADER + b'a,"1\n1\n1"\nb,2\n\nbad\n"c ""x""",3\n')
    result = read({"csv": {"path": "a.csv"}})
    assert result.column("_line") == [2, 5, 8]
    assert result.column("name") == ["a", "b", 'c "x"']
    assert [reject["line"] for reject in result.rejects] == [7]


def test_a_quote_inside_an_unquoted_field_is_a_character(read: Acquire, write) -> None:
    write(HEADER + b'5" pipe,1\n"a, b",2\nx"y"z,3\n')
    assert read({"csv": {"path": "a.csv"}}).column("name") == ['5" pipe', "a, b", 'x"y"z']


def test_an_unclosed_quote_eats_no_good_rows_even_in_a_large_file(read: Acquire, write) -> None:
    rows = b"".join(b"name%d,%d\n" % (i, i) for i in range(400_000))
    write(HEADER + b'start,"1\n' + rows)
    result = read({"csv": {"path": "a.csv"}})
    assert result.rows.num_rows == 400_000
    assert [(r["line"], r["reason"]) for r in result.rejects] == [
        (2, "opens a quote that is not closed within 1 MiB")
    ]


def test_skips_a_line_without_end(read: Acquire, write) -> None:
    write(HEADER + b"a,1\n" + b"x" * (40 << 20) + b"\nb,2\n")
    result = read({"csv": {"path": "a.csv"}})
    assert result.column("name") == ["a", "b"]
    assert result.column("_line") == [2, 4]
    assert result.reasons == ["is longer than 16 MiB"]


BAD_FILES = {
    "empty": (b"", "empty"),
    "only blank lines": (b"\n\n", "no record"),
    "header only": (b"a,b\n", "no row at all"),
    "only bad rows": (b"a,b\n1\n2\n", "all 2 records are bad"),
    "CR only": (b"a,b\r1,2\r", "carriage return alone"),
    "latin-1": ("name,age\n" + "José,1\nAndré,2\n" * 9).encode("latin-1"),
    "GBK": ("姓名,年龄\n" + "李雷是一个学生,七\n" * 9).encode("gbk"),
    "Shift-JIS": ("なまえ,とし\n" + "ひらがなとカタカナ,七\n" * 9).encode("shift_jis"),
    "utf-16 without mark": ("name,age\n" + "li,7\n" * 9).encode("utf-16-le"),
    "doubled header": (b"a,b,a\n1,2,3\n", "2 columns are called 'a'"),
    "empty header": (b",,\n1,2,3\n", "column 1 has no name"),
    "one column that is several": (b"a;b\n1;2\n", "only one column, 'a;b'"),
    "own name": (b"_row,b\n1,2\n", "stoker's own"),
    "many columns": (b",".join(b"c%d" % i for i in range(10_001)) + b"\n", "more than 10,000"),
    "broken header": (b'"a"b,c\n1,2\n', "behind a closing quote"),
    "cut gzip": (gzip.compress(os.urandom(4000))[:-900], "damaged gzip"),
    "rotten gzip": (gzip.compress(b"a,b\n1,2\n")[:-8] + bytes(8), "damaged gzip"),
    "gzip bomb": (gzip.compress(b"a,b\n" + (b"1" * 8_189 + b",2\n") * 10_240), "unpacks to more"),
}
SUGGESTED = {
    "latin-1": "encoding: cp1252 in a recipe; --set encoding=cp1252 with",
    "GBK": "encoding: gb18030",
    "Shift-JIS": "encoding: shift_jis",
    "utf-16 without mark": "encoding: utf-16-le",
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_refuses_a_bad_file_in_one_clear_message(read: Acquire, write, case: str) -> None:
    found = BAD_FILES[case]
    content, message = found if isinstance(found, tuple) else (found, SUGGESTED[case])
    with pytest.raises(DataError) as caught:
        read({"csv": {"path": write(content)}})
    assert message in str(caught.value)
    assert str(caught.value).startswith("a.csv")
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("content", "options", "fix"),
    [
        (b"a;b\n1;2\n", {}, 'delimiter: ";" in a recipe; --set \'delimiter=";"\' with'),
        (b"a,b\n1,2\n", {"delimiter": ";"}, 'delimiter: "," in a recipe'),
        (b'x"y\n1\n', {}, "with the option `delimiter`"),
        (b"sep=;;\na\n1\n", {}, 'delimiter: ";" in a recipe; --set \'delimiter=";"\' with'),
        (b"sep=\na\n1\n", {}, "with the option `delimiter`"),
        (
            b"sep=;\na;b\n1;2\n",
            {"delimiter": "|"},
            'delimiter: ";" in a recipe; --set \'delimiter=";"\' with',
        ),
        (b",,\n1,2,3\n", {}, "name them with the option `names`"),
        (b"_row,a\n1,2\n", {}, "name the columns anew with the option `names`"),
        (b"a,a\n1,2\n", {}, 'names: ["a", "a_2"] in a recipe; --set \'names=["a", "a_2"]\''),
        (b"a,a_2,,a\n1,2,3,4\n", {}, 'names: ["a", "a_2", "column_3", "a_3"] in a recipe'),
        (b"1,1\n1,2\n", {}, "if the first line is a row, write header: false in a recipe"),
    ],
)
def test_the_hint_fits_the_first_line(
    read: Acquire, write, content: bytes, options: dict[str, Any], fix: str
) -> None:
    write(content)
    with pytest.raises(DataError) as caught:
        read({"csv": {"path": "a.csv", **options}})
    assert fix in str(caught.value)


@pytest.mark.parametrize("names", [["a", "a"], ["a", "a_2", "", "a"], ["", "b", "b", ""]], ids=str)
def test_names_that_are_advised_are_taken(read: Acquire, write, names: list[str]) -> None:
    write(f"{','.join(names)}\n{','.join('1' for _ in names)}\n".encode())
    with pytest.raises(DataError) as caught:
        read({"csv": {"path": "a.csv"}})
    advised = re.search(r"names: (\[.*?\]) in a recipe", str(caught.value))
    assert advised is not None
    new = json.loads(advised[1])
    assert read({"csv": {"path": "a.csv", "names": new}}).rows.column_names[4:] == new


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "utf-16-le", "latin-1"])
def test_reads_another_encoding_when_it_is_named(read: Acquire, write, encoding: str) -> None:
    text = "né" if encoding == "latin-1" else "李雷"
    write(f"a,b\n{text},2\n".encode(encoding))
    assert read({"csv": {"path": "a.csv", "encoding": encoding}}).column("a") == [text]


def test_bytes_that_a_named_encoding_does_not_know_cost_one_line(read: Acquire, write) -> None:
    write("a,b\n李,1\n".encode("gb18030") + b"\xff\xff,2\n" + "雷,3\n".encode("gb18030"))
    result = read({"csv": {"path": "a.csv", "encoding": "gb18030"}})
    assert result.column("a") == ["李", "雷"]
    assert [(r["line"], r["reason"][:15]) for r in result.rejects] == [(3, "is not UTF-8 te")]


def test_strips_blanks_and_takes_markers_for_missing_values(read: Acquire, write) -> None:
    write(b'1, ?, "x, y" ,\n 2,?  ,\tz, \n')
    spec = {"path": "a.csv", "header": False, "strip": True, "missing": ["?", ""]}
    result = read({"csv": spec})
    assert result.column("c1") == ["1", "2"]
    assert result.column("c2") == [None, None]
    assert result.column("c3") == ["x, y", "z"]
    assert result.column("c4") == [None, None]


def test_a_tab_file_with_strip_keeps_its_empty_fields(read: Acquire, write) -> None:
    write(b'a\tb\tc\n\t"x"\t \n')
    result = read({"csv": {"path": "a.csv", "delimiter": "\t", "strip": True}})
    assert [result.column(name) for name in "abc"] == [[None], ["x"], [None]]


def test_keeps_empty_text_apart_from_missing_when_asked(read: Acquire, write) -> None:
    write(b"a,b\n,1\n")
    assert read({"csv": {"path": "a.csv"}}).column("a") == [None]
    assert read({"csv": {"path": "a.csv", "missing": []}}).column("a") == [""]


def test_takes_given_names_instead_of_those_of_the_header(read: Acquire, write) -> None:
    write(b"a,a\n1,2\n")
    assert read({"csv": {"path": "a.csv", "names": ["x", "y"]}}).column("y") == ["2"]
    with pytest.raises(DataError, match="3 names for 2 columns"):
        read({"csv": {"path": "a.csv", "names": ["x", "y", "z"]}})


def test_reads_files_of_a_folder_or_pattern_in_the_order_of_names(read: Acquire, write) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "other.md"):
        write(f"v\n{name}\n".encode(), name)
    assert read({"csv": {"path": "."}}).column("v") == ["a.csv", "b.csv"]
    assert read({"csv": {"path": "*.csv"}}).column("v") == ["a.csv", "b.csv"]
    assert read({"csv": {"path": ["b.csv", "a.csv"]}}).column("v") == ["b.csv", "a.csv"]


def test_a_name_with_a_star_is_a_name_if_such_a_file_is_there(read: Acquire, write) -> None:
    write(b"v\n1\n", "a*.csv")
    write(b"v\n2\n", "ab.csv")
    assert read({"csv": {"path": "a*.csv"}}).column("v") == ["1"]


def test_tells_what_stands_in_the_place_of_a_file(read: Acquire, project: Path, write) -> None:
    write(b"v\n1\n", "train.csv")
    os.mkfifo(project / "pipe")
    for path, message in {
        "trian.csv": "did you mean 'train.csv'",
        "pipe": "is a FIFO",
        "nothing*": "no file to read here",
        "/dev/null": "is a device",
    }.items():
        with pytest.raises(DataError, match=message):
            read({"csv": {"path": path}})


def test_refuses_wrong_options_before_reading() -> None:
    with pytest.raises(ValueError, match="unknown encoding"):
        Csv(path="a.csv", encoding="utf-99")
    for delimiter in ('"', "\n", ",,", ""):
        with pytest.raises(ValueError, match="delimiter"):
            Csv(path="a.csv", delimiter=delimiter)
    with pytest.raises(RecipeError, match="no step 'cvs'"):
        make_step("stoker.data.acquire", {"cvs": {"path": "a"}}, Source)


def test_parts_and_licences_go_with_the_rows(read: Acquire, write) -> None:
    write(b"v\n1\n", "train.csv")
    write(b"v\n2\nbad,row\n", "test.csv")
    result = read(
        {"csv": {"path": "train.csv", "part": "train", "licence": "CC-BY-4.0"}},
        {"csv": {"path": "test.csv", "part": "test"}},
    )
    assert result.column("_part") == ["train", "test"]
    assert [s["licence"] for s in result.info["sources"]] == ["CC-BY-4.0", None]
    assert [s["rejected"] for s in result.info["sources"]] == [0, 1]


def test_sources_with_other_columns_are_refused(read: Acquire, write) -> None:
    write(b"a,b\n1,2\n", "one.csv")
    write(b"b,c\n1,2\n", "two.csv")
    with pytest.raises(DataError, match=r"two.csv: columns differ.* lacks \['a'\] adds \['c'\]"):
        read({"csv": {"path": "one.csv"}}, {"csv": {"path": "two.csv"}})


def test_columns_may_stand_in_another_order(read: Acquire, write) -> None:
    write(b"a,b\n1,2\n", "one.csv")
    write(b"b,a\n3,4\n", "two.csv")
    assert read({"csv": {"path": ["one.csv", "two.csv"]}}).column("a") == ["1", "4"]


MARKED = {
    "excel": b"sep=;\r\na;b\r\n1;2\r\n",
    "quoted": b'"sep=;"\na;b\n1;2\n',
    "with mark": "\ufeffsep=;\na;b\n1;2\n".encode(),
    "utf-16": "sep=;\na;b\n1;2\n".encode("utf-16"),
    "tab": b"sep=\t\na\tb\n1\t2\n",
}


@pytest.mark.parametrize("case", MARKED)
def test_the_mark_of_a_spreadsheet_says_the_delimiter(
    read: Acquire, write, told: Told, case: str
) -> None:
    write(MARKED[case])
    result = read({"csv": {"path": "a.csv"}})
    assert (result.column("a"), result.column("b")) == (["1"], ["2"])
    assert result.column("_line") == [3]
    assert any("the first line is a spreadsheet's mark" in text for text in told.messages)


def test_the_recipe_says_the_delimiter_before_the_mark_does(read: Acquire, write) -> None:
    write(b"sep=,\na;b\n1;2\n")
    assert read({"csv": {"path": "a.csv", "delimiter": ";"}}).column("b") == ["2"]


def test_a_lone_column_may_be_called_what_it_likes(read: Acquire, write, told: Told) -> None:
    write(b"home town\nBonn\n")
    assert read({"csv": {"path": "a.csv"}}).column("home town") == ["Bonn"]
    assert 'delimiter: " "' in told.warnings[0]
    assert read({"csv": {"path": "a.csv", "names": ["a=b"]}}).column("a=b") == ["Bonn"]


NUMBERED = {
    "as pandas counts": ([b"0", b"1", b"2"], True),
    "as R counts": ([b'"1"', b'"2"', b'"3"'], True),
    "a part of a table": ([b"3", b"7", b"9"], True),
    "shuffled": ([b"2", b"0", b"1"], True),
    "names": ([b"Mazda", b"Ford", b"Fiat"], False),
    "one twice": ([b"0", b"1", b"1"], False),
    "one missing": ([b"0", b"", b"2"], False),
    "decimals": ([b"0.5", b"1.5", b"2.5"], False),
}


@pytest.mark.parametrize("case", NUMBERED)
def test_a_nameless_first_column_is_told_from_a_row_number(
    read: Acquire, write, told: Told, case: str
) -> None:
    cells, numbers_rows = NUMBERED[case]
    write(b",x\n" + b"".join(cell + b",7\n" for cell in cells))
    result = read({"csv": {"path": "a.csv"}})
    assert list(result.dataset.columns) == ["row_name", "x"]
    assert result.dataset.row_numbers == (("row_name",) if numbers_rows else ())
    assert sum("is called 'row_name'" in text for text in told.messages) == 1


def test_row_numbers_may_begin_again_in_every_file(read: Acquire, write) -> None:
    for name, cells in (("a", "01"), ("b", "01"), ("c", "12")):
        write(f",x\n{cells[0]},5\n{cells[1]},5\n".encode(), f"{name}.csv")
    assert read({"csv": {"path": "."}}).dataset.row_numbers == ("row_name",)
    write(b",x\nq,5\n", "d.csv")
    assert read({"csv": {"path": "."}}).dataset.row_numbers == ()
    sources = [{"csv": {"path": name}} for name in ("a.csv", "d.csv")]
    assert read(*sources).dataset.row_numbers == ()


def test_other_nameless_columns_are_called_by_their_place(read: Acquire, write, told: Told) -> None:
    write(b"a,,column_2,\n1,2,3,4\n")
    result = read({"csv": {"path": "a.csv"}})
    assert result.rows.column_names[4:] == ["a", "column_2_", "column_2", "column_4"]
    assert told.warnings == ["a.csv: columns without a name are called 'column_2_', 'column_4'"]


@pytest.mark.parametrize("content", [b",x,y\n0,1,2\n", b"sep=;\na;b\n1;2\n", b"a,,c\n1,2,3\n"])
def test_what_is_seen_before_reading_is_what_is_read(
    read: Acquire, write, project: Path, content: bytes
) -> None:
    write(content)
    seen = Csv(path="a.csv").seen_columns(project, project)
    assert [column.name for column in seen] == list(
        read({"csv": {"path": "a.csv"}}).info["columns"]
    )


TABLE = "age;came;town\n" + "3;ja;A\n4;nein;B\n" * 9
TITLED = {
    "one cell": ("Visits\n", 2),
    "several lines": ('Visits\n"of two\nlines"\n\n', 5),
    "a comma in it": ("Visits, March\nprinted on 3.2.2024\n", 3),
    "padded": ("Visits;;\n;;\n", 3),
    "Windows": ("Visits\r\n\r\n", 3),
    "an open quote": ('12" pipes\n', 2),
}


@pytest.mark.parametrize("case", TITLED)
def test_titles_above_the_header_are_refused_with_its_line(
    read: Acquire, write, project: Path, case: str
) -> None:
    above, row = TITLED[case]
    write((above + TABLE).encode())
    source = {"path": "a.csv", "delimiter": ";"}
    with pytest.raises(DataError) as caught:
        read({"csv": source})
    assert "names 1 of 3 columns" in str(caught.value)
    assert f"header_row: {row} in a recipe; --set header_row={row} with" in str(caught.value)
    with pytest.raises(DataError) as before:
        Csv(**source).seen_columns(project, project)
    assert str(before.value) == str(caught.value)
    result = read({"csv": {**source, "header_row": row}})
    assert result.column("town") == ["A", "B"] * 9
    assert result.column("_line")[:2] == [row + 1, row + 2]
    assert csv_form(project / "a.csv").delimiter == ";"
    assert csv_form(project / "a.csv", header_row=row).delimiter == ";"


def test_lines_above_the_first_record_are_passed_over_without_a_header(
    read: Acquire, write
) -> None:
    write(b"Visits\n\n1,2\n3,4\n")
    result = read({"csv": {"path": "a.csv", "header": False, "header_row": 3}})
    assert (result.column("c1"), result.column("_line")) == (["1", "3"], [3, 4])
    write(b"sep=;\nVisits\na;b\n1;2\n")
    result = read({"csv": {"path": "a.csv", "header_row": 3}})
    assert (result.column("b"), result.column("_line")) == (["2"], [4])
    with pytest.raises(DataError, match=r"ends above line 9\n.*as header_row says"):
        read({"csv": {"path": "a.csv", "header_row": 9}})


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n5,6\n",
        ",b,c\n1,2,3\n2,5,6\n3,7,8\n",
        "b,c\n1,2,3\n2,5,6\n3,7,8\n",
        "x\n1,0.5\n2,0.7\n3,0.9\n",
        'text\n"a, b"\nc\nd\n',
        "a\n1\n2\n3\n",
        "a,b,c,d\n1,,,\n,2,,\n,,3,\n",
        "a,b,c,d\n1\n2,3\n4,5,6\n",
    ],
)
def test_what_may_be_a_header_is_no_title(content: str) -> None:
    assert titles_above(content, ",") is None


@pytest.mark.parametrize("options", [{"header": False}, {"names": ["a", "b", "c"]}], ids=str)
def test_a_first_record_with_empty_cells_is_no_title_where_it_need_not_name(
    read: Acquire, write, options: dict[str, Any]
) -> None:
    write(b"1,,\n2,3,4\n5,6,7\n8,9,1\n")
    result = read({"csv": {"path": "a.csv", **options}})
    assert len(result.column("_line")) == (3 if "names" in options else 4)


@pytest.mark.parametrize("size", [140_000, 349_000])
def test_long_texts_are_read_without_loss(read: Acquire, write, size: int) -> None:
    texts = ["字" * size, 'x "y"\r\n' * (size // 7), "a\u200b\u202eb\u2067 " * (size // 12), "end"]
    quoted = "".join('"{}",1\n'.format(text.replace('"', '""')) for text in texts)
    write(f"text,label\n{quoted}{'z' * size},2\n".encode())
    result = read({"csv": {"path": "a.csv"}})
    is_whole = result.column("text") == [*texts, "z" * size]  # such differences are not shown
    assert is_whole
    assert not result.rejects


@pytest.mark.parametrize(("one", "other"), [(",", ";"), (";", ","), (",", "\t"), ("|", ";")])
@pytest.mark.parametrize("is_said", [True, False])
def test_each_file_of_a_folder_may_have_its_own_delimiter(
    read: Acquire, project: Path, told: Told, one: str, other: str, is_said: bool
) -> None:
    if one != "," and not is_said:
        return
    (project / "in").mkdir()
    (project / "in/a.csv").write_text(f"a{one}b\n1{one}2\n")
    (project / "in/b.csv").write_text(f'a{other}"b"\n3{other}4\n')
    (project / "in/c.csv").write_text(f"a{one}b\n5{one}6\n")
    result = read({"csv": {"path": "in", **({"delimiter": one} if is_said else {})}})
    assert (result.column("a"), result.column("b")) == (["1", "3", "5"], ["2", "4", "6"])
    assert [text for text in told.messages if "between fields" in text] == [
        f"in/b.csv has {other!r} between fields, and {one!r} is that of the files before"
    ]


def test_a_file_of_other_columns_with_another_delimiter_is_named(
    read: Acquire, project: Path
) -> None:
    (project / "in").mkdir()
    (project / "in/a.csv").write_text("a,b\n1,2\n")
    (project / "in/b.csv").write_text("a;c\n3;4\n")
    with pytest.raises(DataError) as caught:
        read({"csv": {"path": "in"}})
    assert "the files before have ',' between fields and other columns" in str(caught.value)
    assert "save it with ','" in str(caught.value.fix)
