"""Evenly spaced rows of tables that follow each other."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stoker.views.prepared import spaced


@pytest.mark.parametrize("sizes", [(10,), (3, 3, 4), (1, 1, 1, 1, 6), (0, 10)])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 20])
def test_spaced_rows_are_those_of_one_table(sizes: tuple[int, ...], step: int) -> None:
    whole = pa.table({"row": range(10)})
    tables, start = [], 0
    for size in sizes:
        tables.append(whole.slice(start, size))
        start += size
    found = [row for table in spaced(tables, step) for row in table["row"].to_pylist()]
    assert found == list(range(0, 10, step))
