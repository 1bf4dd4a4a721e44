from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.data.acquire import _csv_records
from stoker.data.acquire._csv_records import Records
from stoker.data.acquire.csv import Csv
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading

# Few characters, and those that matter, so that quotes, ends and delimiters meet often.
FIELD = st.text(st.sampled_from('ab",\n\r 李\t;'), max_size=6)
TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), min_size=1, max_size=8)
)
ATOMS = [b"a", b'"', b",", b"\n", b"\r", b"\r\n", b" ", b"\0", b"\xff", b"\xe6"]
RAW = st.lists(st.sampled_from(ATOMS))


def cut(text: bytes, at: list[int]) -> list[bytes]:
    """The text in blocks; an iterator of blocks never gives an empty one."""
    edges = sorted({0, len(text), *(i % (len(text) + 1) for i in at)})
    return [text[a:b] for a, b in pairwise(edges)]


def records(text: bytes, at: list[int], num_columns: int, *, strip: bool = False) -> list[Any]:
    """All records as (line, text or reason), whatever way they were cut."""
    pieces = list(Records(iter(cut(text, at)), ",", strip=strip).pieces(num_columns))
    good = [line for piece in pieces for line in piece.lines.tolist()]
    bad = [(record.line, record.reason) for piece in pieces for record in piece.bad]
    plain = b"".join(piece.text for piece in pieces)
    return [good, sorted(bad), list(csv.reader(io.StringIO(plain.decode(), newline="")))]


@given(TABLE, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
def test_reads_what_the_csv_module_writes(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], quoting: Any, end: str
) -> None:
    folder = tmp_path_factory.mktemp("law")
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=quoting, lineterminator=end).writerows(table)
    if quoting == csv.QUOTE_MINIMAL:  # Python before 3.13 writes a bare return without quotes
        assume(not any("\r" in cell for row in table for cell in row))
    assert read_all(folder, missing=()) == table


@given(TABLE, st.lists(st.integers(0, 200), max_size=4))
def test_the_size_of_blocks_changes_nothing(table: list[list[str]], at: list[int]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    content = text.getvalue().encode()
    assert records(content, at, len(table[0])) == records(content, [], len(table[0]))


@given(
    RAW.map(b"".join), st.lists(st.integers(0, 200), max_size=4), st.booleans(), st.integers(1, 9)
)
@example(b'a,"\n",a\n', [4], False, 9)
def test_the_size_of_blocks_and_parts_changes_nothing_for_broken_text(
    content: bytes, at: list[int], strip: bool, part_bytes: int
) -> None:
    whole = records(content, [], 2, strip=strip)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv_records, "SLOW_BYTES", part_bytes)
        assert records(content, at, 2, strip=strip) == whole


@given(RAW.map(b"".join), st.booleans())
def test_any_bytes_give_rows_and_rejects_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, strip: bool
) -> None:
    folder = tmp_path_factory.mktemp("law")
    (folder / "a.csv").write_bytes(content)
    try:
        rows = read_all(folder, strip=strip)
    except DataError as error:
        assert str(error).startswith("a.csv")  # noqa: PT017 - an error is one of two good ends
    else:
        assert rows == read_all(folder, strip=strip)


def read_all(folder: Path, **options: Any) -> list[list[Any]]:
    """All values of `a.csv`, which has no header."""
    reading = Reading(folder, folder, MediaWriter(folder))
    tables = list(Csv(path="a.csv", header=False, **options).read_rows(reading))
    lines = [line for table in tables for line in table["_line"].to_pylist()]
    lines += reading.rejects.table()["line"].to_pylist()
    assert len(lines) == len(set(lines))
    rows = [row for table in tables for row in table.drop_columns(["_source", "_line"]).to_pylist()]
    return [list(row.values()) for row in rows]
