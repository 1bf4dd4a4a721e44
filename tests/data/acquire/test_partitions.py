"""Columns in the names of folders, and files that lie deeper than they were looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.core.errors import DataError
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from tests.data.acquire.conftest import Acquire, Told


def parquet(path: Path, number: int) -> None:
    pq.write_table(pa.table({"x": [number]}), path)


def csv(path: Path, number: int) -> None:
    path.write_text(f"x\n{number}\n", encoding="utf-8")


def jsonl(path: Path, number: int) -> None:
    path.write_text(f'{{"x": {number}}}\n', encoding="utf-8")


WRITERS: dict[str, Callable[[Path, int], None]] = {"parquet": parquet, "csv": csv, "jsonl": jsonl}


@pytest.fixture(params=WRITERS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def write(project: Path, kind: str) -> Callable[..., None]:
    """Write parts of a table, each with its number."""

    def write_parts(*folders: str) -> None:
        for number, folder in enumerate(folders):
            (project / folder).mkdir(parents=True, exist_ok=True)
            WRITERS[kind](project / folder / f"part.{kind}", number)

    return write_parts


def seen_names(kind: str, project: Path, path: Any) -> list[str]:
    seen = make_step("stoker.data.acquire", {kind: {"path": path}}, Source).seen_columns(
        project, project
    )
    assert seen is not None
    return [column.name for column in seen]


@pytest.mark.parametrize("path", ["data", "data/*/*/*", "data/**/part*"])
def test_folders_of_keys_become_columns(
    read: Acquire, write, kind: str, project: Path, path: str
) -> None:
    write("data/region=north/year=2023", "data/region=south/year=2024")
    result = read({kind: {"path": path}})
    assert result.column("region") == ["north", "south"]
    assert result.column("year") == ([2023, 2024] if kind != "csv" else ["2023", "2024"])
    assert list(map(int, result.column("x"))) == [0, 1]
    assert result.column("_source")[0] == f"data/region=north/year=2023/part.{kind}"
    assert set(seen_names(kind, project, path)) == {"x", "region", "year"}


def test_a_value_that_is_no_number_makes_the_key_text(read: Acquire, write, kind: str) -> None:
    write("data/k=1", "data/k=01", "data/k=__HIVE_DEFAULT_PARTITION__", "data/k=a%2Fb %C3%A9")
    assert set(read({kind: {"path": "data"}}).column("k")) == {"1", "01", None, "a/b é"}


def test_a_missing_value_among_numbers(read: Acquire, write, kind: str) -> None:
    write("data/k=1", "data/k=__HIVE_DEFAULT_PARTITION__", "data/k=-3")
    found = read({kind: {"path": "data"}}).column("k")
    assert set(found) == ({"1", None, "-3"} if kind == "csv" else {1, None, -3})


def test_a_file_named_by_itself_has_the_columns_that_it_had(
    read: Acquire, write, kind: str
) -> None:
    write("data/region=north")
    result = read({kind: {"path": f"data/region=north/part.{kind}"}})
    assert list(result.dataset.columns) == ["x"]
    assert list(read({kind: {"path": "data/region=north"}}).dataset.columns) == ["x"]


def test_the_column_of_the_file_comes_before_the_folder(read: Acquire, write, kind: str) -> None:
    write("data/x=7")
    assert list(map(int, read({kind: {"path": "data"}}).column("x"))) == [0]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_chosen_columns_may_be_keys(read: Acquire, write, kind: str) -> None:
    write("data/region=north/year=2023")
    result = read({kind: {"path": "data", "columns": ["year", "x"]}})
    assert result.rows.column_names[4:] == ["year", "x"] or kind == "jsonl"
    assert set(result.dataset.columns) == {"year", "x"}
    with pytest.raises(DataError, match="no column 'month'"):
        read({kind: {"path": "data", "columns": ["month", "x"]}})


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("data/k=..%2F..%2Fetc", "would lead elsewhere"),
        ("data/k=..", "would lead elsewhere"),
        ("data/k=a\nb", "cannot be printed"),
        ("data/k=1/k=2", "has the key 'k' twice"),
        ("data/_line=1", "stoker's own"),
    ],
)
def test_odd_names_of_folders_are_refused(
    read: Acquire, write, kind: str, folder: str, reason: str
) -> None:
    write(folder)
    with pytest.raises(DataError, match=reason) as caught:
        read({kind: {"path": "data"}})
    assert len(str(caught.value).splitlines()) == 3


def test_a_folder_linked_into_itself_ends(read: Acquire, write, kind: str, project: Path) -> None:
    write("data/k=1")
    (project / "data" / "k=1" / "k=1").symlink_to(project / "data")
    with pytest.raises(DataError, match="has the key 'k' twice"):
        read({kind: {"path": "data"}})


def test_links_are_followed_where_a_path_names_them(
    read: Acquire, write, kind: str, project: Path
) -> None:
    write("elsewhere")
    (project / "data").mkdir()
    (project / "data" / "k=1").symlink_to(project / "elsewhere")
    (project / f"link.{kind}").symlink_to(project / "elsewhere" / f"part.{kind}")
    assert read({kind: {"path": "data"}}).rows.num_rows == 1
    assert read({kind: {"path": f"link.{kind}"}}).rows.num_rows == 1


def test_a_broken_link_is_no_file(read: Acquire, write, kind: str, project: Path) -> None:
    write("data")
    (project / "data" / f"z.{kind}").symlink_to("nowhere")
    with pytest.raises(DataError, match=f"data/z.{kind}: no such file"):
        read({kind: {"path": "data"}})


def test_parts_with_other_keys_are_refused(read: Acquire, write, kind: str) -> None:
    write("data/a=1", "data/b=2")
    with pytest.raises(DataError, match=r"columns differ.* lacks \['a'\] adds \['b'\]"):
        read({kind: {"path": "data"}})


def test_files_that_lie_deeper_are_told(
    read: Acquire, write, kind: str, project: Path, told: Told
) -> None:
    write("data/north/2023", "data/south/2023")
    with pytest.raises(DataError, match="the files lie deeper") as caught:
        read({kind: {"path": "data"}})
    pattern = f"data/*/*/*.{kind}"
    assert f"write path: {pattern!r}" in str(caught.value)
    assert read({kind: {"path": pattern}}).rows.num_rows == 2
    assert told.messages == [
        "the names of the folders (north/2023, south/2023) are no column; folders called key=value,"
        " such as place=north, become one"
    ]
