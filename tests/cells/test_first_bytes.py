"""Looking at few cells of a long column finds the same missing ones as looking at all."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells import raw
from stoker.cells.first_bytes import candidates
from stoker.cells.raw import MISSING_NUMBERS, MISSING_TEXTS, spelled_missing

PIECES = [
    *MISSING_TEXTS,
    *MISSING_NUMBERS,
    *" \t\n\x85\xa0\u1680\u2003\u2028\u3000",
    "x",
    "N",
    "未",
]
CELLS = st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.none(), max_size=9)


@given(CELLS, st.sampled_from([pa.string(), pa.large_string()]), st.integers(0, 3), st.booleans())
def test_both_ways_find_the_same(
    cells: list[str | None], kind: pa.DataType, start: int, chunked: bool
) -> None:
    column = pa.array(cells, kind).slice(start)
    whole = pa.chunked_array([column, column]) if chunked else column
    for texts in (MISSING_TEXTS, MISSING_NUMBERS, ("",), ("Straße", "ÄH"), ()):
        few = spelled_missing(whole, texts)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(raw, "_MANY", 0)
            many = spelled_missing(whole, texts)
        assert many.to_pylist() == few.to_pylist()
        assert type(many) is type(few)


def test_numbers_are_not_looked_at_closely() -> None:
    numbers = pa.array([f"{number / 7:.3f}" for number in range(5_000)] + ["NA", "7"])
    assert candidates(numbers, ("na", "?")).tolist() == [5_000]
