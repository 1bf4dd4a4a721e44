from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.data import rejects
from stoker.data.rejects import MOST_FOUND, SCHEMA, Rejects, shorten
from stoker.engine.table_file import read_table


@given(st.text(max_size=300) | st.binary(max_size=300) | st.integers() | st.characters())
def test_shortened_values_are_short_and_can_be_stored(value: object) -> None:
    text = shorten(value)
    assert len(text) <= MOST_FOUND
    assert text.isprintable()
    assert text.encode().decode() == text


def note(records: Rejects, line: int) -> None:
    records.add(source="数据.csv", line=line, column=None, found=line, reason="bad", step="csv")


def test_records_come_back_in_order_whatever_their_number(tmp_path: Path) -> None:
    records = Rejects()
    for line in range(20_001):
        note(records, line)
    assert len(records) == records.write(tmp_path) == 20_001
    table = read_table(tmp_path / "rejects.parquet")
    assert table.schema.equals(SCHEMA)
    assert table["line"].to_pylist() == list(range(20_001))


def test_without_records_the_table_has_its_columns(tmp_path: Path) -> None:
    assert Rejects().write(tmp_path) == 0
    assert read_table(tmp_path / "rejects.parquet").equals(SCHEMA.empty_table())


def test_tables_of_rejects_can_be_joined() -> None:
    first, second = Rejects(), Rejects()
    note(first, 1)
    note(second, 2)
    first.extend(second.table())
    note(first, 3)
    assert first.table()["line"].to_pylist() == [1, 2, 3]
    assert len(first) == 3


def test_reading_stops_when_almost_everything_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "MOST_REJECTS", 3)
    records = Rejects()
    note(records, 1)
    note(records, 2)
    with pytest.raises(DataError, match=r"数据\.csv:3: 3 records are bad, the last because: bad"):
        note(records, 3)
