"""Outliers: parity of the bounds with numpy, and each action."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.data.clean.outliers import FittedOutliers, Outliers
from stoker.features.category import Category
from stoker.features.number import Number

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=4)


def fit(cells: list, **options: object) -> FittedOutliers:
    step = Outliers.model_validate(options)
    return step.fit(pa.table({"x": cells}), {"x": Number(), "c": Category()})


@given(VALUES, st.floats(0.1, 5))
def test_bounds_are_those_of_numpys_quantiles(cells: list[float], k: float) -> None:
    state = fit(cells, k=k)
    first, third = np.quantile(cells, [0.25, 0.75])
    if third == first:
        assert not state.bounds
        return
    assert state.bounds["x"].low == pytest.approx(first - k * (third - first))
    assert state.bounds["x"].high == pytest.approx(third + k * (third - first))


@given(VALUES, st.sampled_from(["iqr", "zscore"]))
def test_clipping_is_numpys_clip(cells: list[float], method: str) -> None:
    state = fit(cells, method=method)
    table = pa.table({"x": cells})
    if not state.bounds:
        assert state.apply(table).equals(table)
        return
    low, high = state.bounds["x"].low, state.bounds["x"].high
    np.testing.assert_array_equal(state.apply(table)["x"].to_numpy(), np.clip(cells, low, high))
    texts = pa.table({"x": [repr(cell) for cell in cells]})
    clipped = [float(cell) for cell in state.apply(texts)["x"].to_pylist()]
    np.testing.assert_array_equal(clipped, np.clip(cells, low, high))


def test_z_scores_use_three_deviations() -> None:
    cells = [0.0, 2.0] * 10
    bounds = fit(cells, method="zscore").bounds["x"]
    assert (bounds.low, bounds.high) == (-2, 4)


def test_drop_names_training_rows_and_flag_counts() -> None:
    cells = ["1", "2", "3", "4", "5", "999", "", "x"]
    table = pa.table({"x": cells})
    dropping = fit(cells, action="drop")
    [(index, column, found, reason)] = dropping.rejects(table)
    assert (index, column, found) == (5, "x", "999")
    assert "outside -1.5 to 8.5" in reason
    assert dropping.apply(table).equals(table)
    flagging = fit(cells, action="flag")
    assert flagging.apply(table).equals(table)
    assert flagging.rejects(table) == []
    assert flagging.touched(table)["x"].tolist() == [False] * 5 + [True, False, False]


def test_a_column_that_is_mostly_one_value_is_left_alone_with_a_warning() -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        assert not fit(["0"] * 9 + ["50"]).bounds
    assert "'x' is left alone" in lines[0]


def test_only_columns_of_numbers_can_be_named() -> None:
    with pytest.raises(RecipeError, match="'c' is not an input column of numbers"):
        fit(["1", "2"], columns=["c"])
