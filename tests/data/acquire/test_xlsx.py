"""A sheet of an Excel workbook: types, sheets, headers, and files that will not do."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stoker.core.errors import DataError, MissingExtraError
from stoker.data.acquire import xlsx
from stoker.data.acquire.xlsx import Xlsx
from tests.data.acquire.conftest import Acquire, Told
from tests.data.acquire.workbooks import Error, Formula, Rows, write_workbook

SPEC = {"xlsx": {"path": "a.xlsx"}}


@pytest.fixture
def write(project: Path):
    def write_file(rows: Rows | dict[str, Rows], **options: Any) -> Path:
        sheets = rows if isinstance(rows, dict) else {"数据": rows}
        return write_workbook(project / "a.xlsx", sheets, **options)

    return write_file


MOMENT = datetime(2024, 2, 29, 8, 30)
COLUMNS: dict[str, tuple[list[object], pa.DataType, list[object] | None]] = {
    "whole": ([1, 2.0, None], pa.int64(), [1, 2, None]),
    "decimal": ([1, 2.5, None], pa.float64(), [1.0, 2.5, None]),
    "far": ([1, 2.0**60, None], pa.float64(), [1.0, 2.0**60, None]),
    "text": (["李", " x ", "7"], pa.string(), ["李", " x ", "7"]),
    "truth": ([True, False, None], pa.bool_(), [True, False, None]),
    "day": ([date(2024, 2, 29), None, date(1999, 1, 1)], pa.date32(), None),
    "moment": (
        [MOMENT, date(2024, 3, 1), None],
        pa.timestamp("us"),
        [MOMENT, datetime(2024, 3, 1), None],
    ),
    "time": ([time(8, 30), None, time(23, 59)], pa.time64("us"), None),
    "span": ([timedelta(hours=30), None, timedelta(hours=1)], pa.duration("us"), None),
    "guarded": (["'=1+1", "'tis", "''@x"], pa.string(), ["=1+1", "'tis", "'@x"]),
    "several": ([1, "x", True], pa.string(), ["1", "x", "TRUE"]),
    "error": ([1, Error("#N/A"), 3], pa.int64(), [1, None, 3]),
    "spelled": ([1, " n/a ", 3], pa.int64(), [1, None, 3]),
    "nothing": ([None, "NA", None], pa.string(), [None, None, None]),
}


def test_cells_keep_their_types(read: Acquire, write, project: Path) -> None:
    columns = {name: cells for name, (cells, *_) in COLUMNS.items()}
    write([list(columns), *zip(*columns.values(), strict=True)])
    result = read(SPEC)
    for name, (cells, kind, wanted) in COLUMNS.items():
        assert result.rows.schema.field(name).type == kind, name
        assert result.column(name) == (cells if wanted is None else wanted), name
    assert result.column("_line") == [2, 3, 4]
    seen = Xlsx(path="a.xlsx").seen_columns(project, project)
    assert {column.name: column.type for column in seen} == result.dataset.columns


def test_what_is_read_otherwise_is_told(read: Acquire, write, told: Told) -> None:
    write([["a", "", "b"], [1, 1, 1], ["x", 2, "NA"]], merged=["C2:C3"])
    read(SPEC)
    assert told.warnings == [
        "a.xlsx: columns without a name are called 'column_2'",
        "a.xlsx: 1 group of merged cells; only the first cell of each has a value",
    ]
    assert told.messages == [
        "a.xlsx: columns with cells of several kinds are read as text: 'a'",
        "column 'b': 1 cells are taken as missing by their spelling ('NA' 1); if that is an answer,"
        ' write missing: [""] in the xlsx source',
    ]
    assert read({"xlsx": {"path": "a.xlsx", "missing": [""]}}).column("b") == ["1", "NA"]


def test_rows_without_a_cell_are_no_records(read: Acquire, write) -> None:
    write([[None], ["x"], [1], [None], [3], [None]])
    result = read({"xlsx": {"path": "a.xlsx", "header_row": 2}})
    assert (result.column("x"), result.column("_line")) == ([1, 3], [3, 5])


def test_an_index_that_pandas_wrote_is_a_row_number(read: Acquire, write) -> None:
    write([["", "x"], [0, 5], [1, 6]])
    assert read(SPEC).dataset.row_numbers == ("row_name",)
    write([["", "x"], ["Mazda", 5], ["Ford", 6]])
    assert read(SPEC).dataset.row_numbers == ()


def test_numbers_and_days_may_be_names(read: Acquire, write) -> None:
    write([[2023, date(2024, 1, 1), " town "], [1, 2, 3]])
    assert read(SPEC).rows.column_names[4:] == ["2023", "2024-01-01", "town"]


def test_the_only_sheet_that_holds_something_is_read(read: Acquire, write) -> None:
    write({"leer": [], "Tabelle": [["x"], [7]], "versteckt": [["y"], [8]]}, hidden=["versteckt"])
    assert read(SPEC).column("x") == [7]
    assert read({"xlsx": {"path": "a.xlsx", "sheet": "versteckt"}}).column("y") == [8]


def test_files_and_folders_are_found_as_everywhere(read: Acquire, project: Path) -> None:
    for year in (2023, 2024):
        folder = project / "data" / f"year={year}"
        folder.mkdir(parents=True)
        write_workbook(folder / "a.xlsx", {"s": [["x"], [year - 2000]]})
    result = read({"xlsx": {"path": "data"}})
    assert (result.column("x"), result.column("year")) == ([23, 24], [2023, 2024])


SEVERAL = {"a": [["x"], [1]], "b": [["x"], [1]]}
REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "several sheets": (
        SEVERAL,
        {},
        r"has 2 sheets: 'a', 'b'\n.*\n.* sheet: a in a recipe; --set sheet=a ",
    ),
    "a cover": (
        {"Cover": [["A report"], *[["of much text"]] * 9], "Daten": [["x", "y"], [1, 2]]},
        {},
        r"has 2 sheets: 'Cover', 'Daten'\n.*\n.* sheet: Daten in a recipe; --set sheet=Daten ",
    ),
    "notes": (
        {"Notes": [["x", "y"], [1, 2]], "Daten": [["x", "y"], *[[1, 2]] * 9]},
        {},
        r"\n.*\n.* sheet: Daten in a recipe; --set sheet=Daten ",
    ),
    "no such sheet": (SEVERAL, {"sheet": "c"}, r"no sheet 'c'\n  expected: one of 'a', 'b'"),
    "an empty sheet": ([], {}, "all of its sheets are empty: '数据'"),
    "an empty sheet by name": ([], {"sheet": "数据"}, "sheet '数据' is empty"),
    "header only": ([["x"]], {}, "no row at all"),
    "header beyond": ([["x"], [1]], {"header_row": 9}, "sheet '数据' ends in row 2"),
    "a title": (
        [["Sales", None, None], [None, None, None], ["a", "b", "c"], [1, 2, 3]],
        {},
        r"names 1 of 3 columns\n.*\n.*header_row: 3 in a recipe; --set header_row=3 ",
    ),
    "equal names": ([["x", "x"], [1, 2]], {}, r"2 columns are called 'x'\n.*\n.*rename them in"),
    "own name": ([["_line"], [1]], {}, "stoker's own"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sheet_that_will_not_do_is_one_clear_error(
    read: Acquire, write, project: Path, case: str
) -> None:
    rows, options, said = REFUSED[case]
    write(rows)
    with pytest.raises(DataError, match=said) as caught:
        read({"xlsx": {"path": "a.xlsx", **options}})
    assert len(str(caught.value).splitlines()) <= 3
    if case != "header only":
        with pytest.raises(DataError) as before:
            Xlsx(path="a.xlsx", **options).seen_columns(project, project)
        assert str(before.value) == str(caught.value)


def test_merged_cells_of_a_header_are_told(read: Acquire, write) -> None:
    write([["cost", None, "x"], ["net", "gross", "x"], [1, 2, 3]], merged=["A1:B1"])
    with pytest.raises(DataError, match=r"a.xlsx:1: .*merged cells") as caught:
        read(SPEC)
    assert "header_row: 2" in str(caught.value)
    rows = read({"xlsx": {"path": "a.xlsx", "header_row": 2}}).rows
    assert rows.column_names[4:] == ["net", "gross", "x"]


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
NO_WORKBOOKS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "cannot be read as Excel"),
    "text": (b"a,b\n1,2\n", "cannot be read as Excel"),
    "password": (OLD + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    "old": (OLD + "Workbook".encode("utf-16-le"), "form of Excel 97 to 2003"),
}


@pytest.mark.parametrize("case", NO_WORKBOOKS)
def test_what_is_no_workbook_is_one_clear_error(read: Acquire, project: Path, case: str) -> None:
    content, said = NO_WORKBOOKS[case]
    (project / "a.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read(SPEC)
    assert len(str(caught.value).splitlines()) == 3


def test_a_cut_workbook_is_refused(read: Acquire, write) -> None:
    path = write([["x"], *[[number] for number in range(900)]])
    whole = path.read_bytes()
    for cut in (100, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="cannot be read as Excel"):
            read(SPEC)


def test_a_bomb_is_refused_before_it_is_opened(read: Acquire, write) -> None:
    path = write([["x"], [1]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big.bin", bytes(300 << 20))
    with pytest.raises(DataError, match="unpacks to 31"):
        read(SPEC)


def test_a_sheet_that_takes_too_much_memory_is_one_clear_error(
    read: Acquire, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "_MEMORY_BYTES", 200 << 20)
    path = write([["x"], [1]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    key = "xl/worksheets/sheet1.xml"
    parts[key] = parts[key].replace(b'r="A2"', b'r="XFD1048576"').replace(b'r="2"', b'r="1048576"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match="cannot be read as Excel"):
        read(SPEC)


def test_without_the_library_the_line_that_installs_it_is_said(
    read: Acquire, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write([["x"], [1]])
    monkeypatch.setattr(xlsx, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="source xlsx needs python-calamine") as caught:
        read(SPEC)
    assert "pip install 'stoker[excel]'" in str(caught.value)


@pytest.mark.parametrize("empty_columns", [0, 2])
def test_formulas_without_a_result_are_told_by_column(
    read: Acquire, write, told: Told, empty_columns: int
) -> None:
    before = [None] * empty_columns
    some = [[*before, 1, Formula("A2*2"), n if n % 3 else Formula('A2&"<"')] for n in range(9)]
    write({"notes": [["x"]], "sales": [[*before, "a", "b", "c"], *some]})
    result = read({"xlsx": {"path": "a.xlsx", "sheet": "sales"}})
    assert result.column("b") == [None] * 9
    (said,) = [one for one in told.warnings if "formulas" in one]
    assert "(9 in 'b', 3 in 'c')" in said
    assert "save it" in said
