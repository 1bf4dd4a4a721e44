"""What a spreadsheet would run is guarded, what is a number is not, and all of it comes back."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.cells.formula_guard import guarded, unguarded

TEXT = st.text(st.sampled_from("'=+-@\t\r\n 1a,.€%/") | st.characters(codec="utf-8"), max_size=8)
NUMBERS = [
    "-5,00 €",
    "-€5.00",
    "-1 234,50",
    "-1'234.5",
    "-1\N{RIGHT SINGLE QUOTATION MARK}234",
    "+3 km/h",
    "-5 °C",
    "-7,5%",
    "- 3",
    "-12-",
]
FORMULAS = [
    "=1+1",
    "-2+3",
    "@x",
    "-A1",
    "+5*2",
    "-5/A1",
    "-1&A1",
    "-x",
    "\t=1",
    "-2+cmd|' /C calc'!A0",
]
DASHES = ["-", "--", " - "]


def column(cells: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells, pa.string())])


@pytest.mark.parametrize("cell", [*NUMBERS, *DASHES])
def test_a_number_in_any_form_needs_no_guard(cell: str) -> None:
    assert guarded(column([cell])).to_pylist() == [cell]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_gets_one(cell: str) -> None:
    assert guarded(column([cell])).to_pylist() == [f"'{cell}"]


@given(st.lists(TEXT, max_size=20))
@example(["'=1", "''=1", "'-5"])
def test_every_text_comes_back(cells: list[str]) -> None:
    assert unguarded(guarded(column(cells))).to_pylist() == cells


@given(st.lists(TEXT, max_size=20))
def test_no_cell_stays_a_formula(cells: list[str]) -> None:
    for before, after in zip(cells, guarded(column(cells)).to_pylist(), strict=True):
        assert after in (before, f"'{before}")
        assert after.lstrip()[:1] not in ("=", "@")
        if after.lstrip()[:1] in ("+", "-"):
            assert not set(after.strip()[1:-1]) & set('+*^&=<>|!(){}":;'), after


@given(st.floats(allow_nan=False, allow_infinity=False).map(str) | st.integers().map(str))
def test_numbers_stay_numbers(cell: str) -> None:
    assert guarded(column([cell])).to_pylist() == [cell]
