"""Content keys: equal for equal rows, different for any difference."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker import engine
from stoker.data.content import content_number_N, with_keys

CELL = st.one_of(st.none(), st.sampled_from(["", "a", "b", "ab", "\x00", " "]))


def numbers(rows: list[tuple[str | None, str | None]]) -> list[int]:
    left, right = zip(*rows, strict=True)
    table = pa.table(
        {
            "_row": pa.array(range(len(rows)), pa.int64()),
            "a": pa.array(left, pa.string()),
            "b": pa.array(right, pa.string()),
        }
    )
    return content_number_N(with_keys(engine.from_arrow(table), ["a", "b"], [])).tolist()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=40))
def test_rows_have_one_number_if_and_only_if_they_are_equal(rows: list) -> None:
    found = numbers(rows)
    for i, row in enumerate(rows):
        for j in range(i):
            assert (found[i] == found[j]) == (row == rows[j])


def test_null_empty_and_shifted_texts_differ() -> None:
    rows: list[tuple[str | None, str | None]] = [
        ("ab", "c"), ("a", "bc"), ("", "x"), (None, "x"), ("x", None), ("x", ""), (None, None),
    ]  # fmt: skip
    assert len(set(numbers(rows))) == len(rows)


def test_any_type_has_a_key() -> None:
    table = pa.table(
        {
            "_row": pa.array([0, 1, 2, 3], pa.int64()),
            "list": [[1], [1], [], None],
            "struct": [{"x": 1}, {"x": 1}, None, {"x": None}],
            "time": pa.array([0, 0, None, 1], pa.timestamp("us")),
            "flag": [True, True, False, None],
        }
    )
    keyed = with_keys(engine.from_arrow(table), ["list", "struct", "time", "flag"], [])
    found = content_number_N(keyed).tolist()
    assert found[0] == found[1]
    assert len(set(found)) == 3
