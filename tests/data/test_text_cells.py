"""Text is read alike, a column at a time or a table at a time."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stoker.data.text_cells import TextCells

CELL = st.sampled_from([None, "", " ", "a", " a\t", "N/A", "n/a ", "无", "?"])
RULE = st.builds(
    TextCells,
    missing=st.lists(st.sampled_from(["", "N/A", "无", "?"])).map(tuple),
    strip=st.booleans(),
)


@given(RULE, st.integers(0, 6), st.integers(0, 6), st.data())
def test_a_table_is_read_as_its_columns_are(
    rule: TextCells, size: int, cut: int, data: st.DataObject
) -> None:
    kinds = {"a": pa.string(), "n": pa.float64(), "b": pa.large_string(), "c": pa.string()}
    columns: dict[str, pa.ChunkedArray] = {}
    for name, kind in kinds.items():
        cell = CELL if kind != pa.float64() else st.none() | st.floats(allow_nan=False)
        cells = data.draw(st.lists(cell, min_size=size, max_size=size))
        pieces = [cells[:cut], cells[cut:]]
        columns[name] = pa.chunked_array([pa.array(piece, kind) for piece in pieces], kind)
    found = rule.read_table(pa.table(columns))
    assert found.column_names == list(kinds)
    for name, column in columns.items():
        assert found.column(name).to_pylist() == rule.read(column).to_pylist()
        assert found.column(name).type == kinds[name]
