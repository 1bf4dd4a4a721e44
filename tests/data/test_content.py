"""Content keys: equal for equal rows, different for any difference."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
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


NAN = float("nan")
EQUAL = {
    "float64": pa.array([0.0, -0.0, 1.5, NAN, None], pa.float64(), from_pandas=False),
    "float32": pa.array([0.0, -0.0, 1.5, NAN, None], pa.float32(), from_pandas=False),
}
DIFFERENT = {
    "int8": pa.array([1, 0, -1, None], pa.int8()),
    "uint64": pa.array([2**64 - 1, 2**63, 0, None], pa.uint64()),
    "int64": pa.array([2**53, 2**53 + 1, -1, None]),
    "float64": pa.array([1e300, -1e300, float("inf"), None]),
    "decimal": pa.array([Decimal("0.10"), Decimal("0.20"), Decimal("-0.10"), None]),
    "text": pa.array(["nan", "", "0.0", None]),
    "bytes": pa.array([b"", b"\0", b"\0\0", None]),
    "bool": pa.array([True, False, None]),
    "date": pa.array([0, 1, None], pa.date32()),
    "zoned": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
    "clock": pa.array([0, 1, None], pa.time64("us")),
    "span": pa.array([0, 1, None], pa.duration("us")),
}


def numbers_of(cells: pa.Array) -> list[int]:
    row = pa.array(range(len(cells)), pa.int64())
    keyed = with_keys(engine.from_arrow(pa.table({"_row": row, "x": cells})), ["x"], [])
    return content_number_N(keyed).tolist()


@pytest.mark.parametrize("kind", EQUAL)
def test_equal_numbers_are_equal_and_nan_is_missing(kind: str) -> None:
    zero, minus, other, nan, null = numbers_of(EQUAL[kind])
    assert (zero, nan) == (minus, null)
    assert len({zero, other, null}) == 3


@pytest.mark.parametrize("kind", DIFFERENT)
def test_different_cells_of_every_type_differ(kind: str) -> None:
    cells = pa.concat_arrays([DIFFERENT[kind], DIFFERENT[kind]])
    found = numbers_of(cells)
    half = len(found) // 2
    assert found[:half] == found[half:]
    assert len(set(found)) == half
