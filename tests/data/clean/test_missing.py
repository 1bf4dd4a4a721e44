"""Missing values: parity with numpy, and each rule."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError, RecipeError
from stoker.data.clean.missing import Missing
from stoker.features.category import Category
from stoker.features.number import Number

NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1).filter(
    lambda cells: any(cell is not None for cell in cells)
)


def fill(cells: pa.Array | list, feature: Number | Category, **options: object) -> list:
    table = pa.table({"x": cells})
    state = Missing.model_validate(options).fit(table, {"x": feature})
    return state.apply(table)["x"].to_pylist()


@pytest.mark.parametrize(("rule", "reference"), [("median", np.nanmedian), ("mean", np.nanmean)])
@given(cells=NUMBERS)
def test_fills_with_numpys_median_and_mean(rule: str, reference, cells: list) -> None:
    column = pa.array(cells, pa.float64())
    expected = reference(np.array(cells, float))
    for filled, cell in zip(fill(column, Number(), number=rule), cells, strict=True):
        assert filled == (pytest.approx(expected) if cell is None else cell)
    texts = pa.array([None if cell is None else repr(cell) for cell in cells], pa.string())
    for filled, cell in zip(fill(texts, Number(), number=rule), cells, strict=True):
        assert float(filled) == (pytest.approx(expected) if cell is None else cell)


@given(st.lists(st.sampled_from(["a", "b", "c", None, ""]), min_size=1))
def test_fills_with_the_most_frequent_category(cells: list) -> None:
    count = Counter(cell for cell in cells if cell)
    if not count:
        return
    mode = min(count, key=lambda name: (-count[name], name))
    filled = fill(pa.array(cells, pa.string()), Category(), category="mode")
    assert filled == [cell or mode for cell in cells]


def test_bad_cells_stay_as_they_are_for_the_feature_to_name() -> None:
    assert fill(["1", "x", "NA", "3"], Number()) == ["1", "x", "2", "3"]


def test_a_number_column_without_gaps_keeps_its_type() -> None:
    table = pa.table({"x": [1, 2]})
    state = Missing().fit(table, {"x": Number()})
    assert state.apply(table).schema.field("x").type == pa.int64()


def test_typed_categories_are_filled_as_text() -> None:
    assert fill(pa.array([3, 3, None]), Category(), category="mode") == ["3", "3", "3"]
    assert fill(pa.array([True, None]), Category(), category={"constant": "?"}) == ["true", "?"]


def test_constants_and_single_columns() -> None:
    assert fill(["1", None], Number(), number={"constant": 0}) == ["1", "0"]
    assert fill(["1", None, "3"], Number(), number="keep", columns={"x": "mean"}) == ["1", "2", "3"]
    assert fill(["a", None], Category(), columns={"x": {"constant": 7}}) == ["a", "7"]
    assert fill(["a", None], Category()) == ["a", None]


def test_decimal_commas_are_kept() -> None:
    assert fill(["1,5", "2,5", ""], Number(decimal=",")) == ["1,5", "2,5", "2"]


def test_drop_names_training_rows_and_changes_nothing() -> None:
    table = pa.table({"x": ["1", "NA", "y"], "c": ["a", "b", ""]})
    step = Missing(number="drop", category="drop")
    state = step.fit(table, {"x": Number(), "c": Category()})
    assert state.apply(table).equals(table)
    assert [(index, column) for index, column, *_ in state.rejects(table)] == [(1, "x"), (2, "c")]


def test_rules_that_do_not_suit_are_refused() -> None:
    with pytest.raises(RecipeError, match="no median"):
        fill(["a"], Category(), columns={"x": "median"})
    with pytest.raises(RecipeError, match="not a number"):
        fill(["1"], Number(), number={"constant": "none"})
    with pytest.raises(RecipeError, match="not an input column"):
        fill(["1"], Number(), columns={"y": "mean"})
    with pytest.raises(DataError, match="no median"):
        fill(pa.array([None, ""], pa.string()), Number())


def test_learns_from_what_it_is_given_only() -> None:
    train = pa.table({"x": [1.0, 3.0]})
    state = Missing().fit(train, {"x": Number()})
    other = pa.table({"x": pa.array([1e9, None])})
    assert state.apply(other)["x"].to_pylist() == [1e9, 2.0]
