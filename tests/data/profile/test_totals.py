"""A last row that holds the sums of the others is told, and no other row is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.data.profile.measure import profile_column
from stoker.data.profile.totals import TotalRow, find_totals, told_totals

NUMBERS = np.random.default_rng(0).integers(1, 90, 60).tolist()
SHOPS = [*"abc"] * 20


def found(columns: dict[str, list[Any]], sources: list[str] | None = None) -> list[TotalRow]:
    size = len(next(iter(columns.values())))
    own = {"_row": list(range(size)), "_source": sources or ["a.csv"] * size}
    rows = pa.table({**own, "_line": [n + 2 for n in range(size)], **columns})
    profiles = [profile_column(name, rows[name]) for name in columns]
    return find_totals(profiles, rows.select)


@pytest.mark.parametrize(
    "word", ["Total", "total:", "Grand total", "Summe", "Gesamt", "合计", None]
)
@pytest.mark.parametrize("form", ["{:.0f}", "{:.2f}", "{:,.2f}", "$ {:,.0f}", "{:.1f} kg"])
def test_sums_are_told_with_their_columns_and_the_row(word: str | None, form: str) -> None:
    sizes = [form.format(n * 31) for n in [*NUMBERS, sum(NUMBERS)]]
    other = [*map(str, NUMBERS[::-1]), "7"]
    (row,) = found({"shop": [*SHOPS, word], "size": sizes, "other": other})
    assert (row.row, row.line) == (60, 62)
    assert "'size' is the sum of the rows above" in row.why
    assert word is None or repr(word) in row.why
    assert "write clean: [total_rows] under data to leave it out" in told_totals([row])


def test_numbers_by_type_are_summed_too() -> None:
    floats = [n / 7 for n in NUMBERS]
    (row,) = found({"n": [*NUMBERS, sum(NUMBERS)], "x": [*floats, sum(floats)]})
    assert "'n', 'x' are the sums" in row.why


def test_each_file_may_end_in_its_own_sums() -> None:
    sizes = [*NUMBERS[:30], sum(NUMBERS[:30]), *NUMBERS[30:], sum(NUMBERS[30:])]
    rows = found({"size": sizes}, ["a.csv"] * 31 + ["b.csv"] * 31)
    assert [row.row for row in rows] == [30, 61]
    assert "1 more such row" in told_totals(rows)


def test_a_row_with_the_name_of_one_and_far_numbers_is_told_as_what_it_looks_like() -> None:
    sizes = [*NUMBERS, 3 * sum(NUMBERS)]
    (row,) = found({"shop": [*SHOPS, "Total (rounded)"], "size": sizes})
    assert row.why.startswith(
        "looks like a row of totals ('Total (rounded)'): 'size' is far beyond"
    )
    assert found({"shop": [*SHOPS, "Toronto"], "size": sizes}) == []


@pytest.mark.parametrize(
    "last",
    [
        sum(NUMBERS) - 40,  # A far value, and no sum.
        sum(NUMBERS) / 60,  # The mean: as large as the others.
        NUMBERS[0],
        None,
    ],
)
def test_a_last_row_that_is_no_sum_is_a_row(last: float | None) -> None:
    assert found({"shop": [*SHOPS, "a"], "size": [float(n) for n in NUMBERS] + [last]}) == []


def test_few_numbers_that_add_up_are_chance() -> None:
    assert found({"kids": [0] * 50 + [1, 1, 2]}) == []
    assert found({"change": [(-1) ** n for n in range(60)] + [0]}) == []
    assert found({"shop": ["Total"] * 61, "size": [*NUMBERS, 7]}) == []
