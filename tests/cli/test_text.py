"""Tables line up in cells, whatever script their text is in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stoker.cli.text import cell_width, table

WORDS = st.text(alphabet="abc数据标签ëéÜ -", min_size=0, max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS, st.integers(0, 10**9)), min_size=1, max_size=6))
def test_every_line_of_a_table_ends_its_columns_together(rows: list[tuple[str, str, int]]) -> None:
    lines = table(["name", "名称", "rows"], rows).splitlines()
    assert len(lines) == len(rows) + 1
    assert len({cell_width(line) for line in lines}) == 1


def test_an_empty_table_is_its_header() -> None:
    assert table(["a", "b"], []) == "a  b"
