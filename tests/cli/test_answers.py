"""Answers on disk: whole or absent, harmless in a spreadsheet, equal after reading back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stoker.cli.answers import whole_file
from stoker.core.errors import DataError

ROWS = pa.table(
    {
        "名称": ["=1+1", "-3.5", None],
        "prediction": ["a", "@b", 'c,\n"d"'],
        "confidence": pa.array([0.1, 1.0, float("nan")], pa.float32()),
        "probabilities": pa.array([[0.1, 0.9]] * 3, pa.list_(pa.float32(), 2)),
    }
)


def test_csv_reads_back(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.csv") as writer:
        writer.write(ROWS.slice(0, 1))
        writer.write(ROWS.slice(1))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["名称"] for row in rows] == ["'=1+1", "-3.5", ""]
    assert [row["prediction"] for row in rows] == ["a", "'@b", 'c,\n"d"']
    assert rows[0]["confidence"] == "0.1"
    assert json.loads(rows[0]["probabilities"]) == pytest.approx([0.1, 0.9])


def test_csv_for_spreadsheets_differs_by_the_mark_alone(tmp_path: Path) -> None:
    for name, marked in (("plain.csv", False), ("marked.csv", True), ("same.jsonl", True)):
        with whole_file(tmp_path / name, for_spreadsheets=marked) as writer:
            writer.write(ROWS)
    plain, marked = ((tmp_path / name).read_bytes() for name in ("plain.csv", "marked.csv"))
    assert marked == b"\xef\xbb\xbf" + plain
    assert (tmp_path / "same.jsonl").read_bytes().startswith(b"{")


def test_json_lines_read_back(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.jsonl") as writer:
        writer.write(ROWS)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert rows[0]["名称"] == "=1+1"
    assert rows[2]["confidence"] is None


def test_parquet_reads_back(tmp_path: Path) -> None:
    with whole_file(tmp_path / "深/out.parquet") as writer:
        writer.write(ROWS.slice(0, 2))
        writer.write(ROWS.slice(2))
    found = pq.read_table(tmp_path / "深/out.parquet", page_checksum_verification=True)
    assert found.drop_columns("confidence") == ROWS.drop_columns("confidence")


def fail_half_way(path: Path) -> None:
    """Write some rows and meet an error."""
    with whole_file(path) as writer:
        writer.write(ROWS)
        _ = 1 / 0


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        fail_half_way(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_ending_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="xlsx"), whole_file(tmp_path / "out.xlsx"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_moments_inside_of_lists_and_spans_keep_all_their_digits(
    tmp_path: Path, ending: str
) -> None:
    """Python has no value for nanoseconds without pandas, and none for the year 29349."""
    rows = pa.table(
        {
            "times": pa.array([[1, 10**18]], pa.list_(pa.timestamp("ns"))),
            "late": pa.array([{"day": 10**7}], pa.struct({"day": pa.date32()})),
        }
    )
    with whole_file(tmp_path / f"out.{ending}") as writer:
        writer.write(rows)
    text = (tmp_path / f"out.{ending}").read_text("utf-8")
    assert "1970-01-01 00:00:00.000000001" in text
    assert "29349-01-26" in text
