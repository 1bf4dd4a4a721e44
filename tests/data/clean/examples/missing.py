"""Cells that are missing in several spellings, and one that is no number."""

from __future__ import annotations

import pyarrow as pa

from stoker.data.clean.missing import Missing
from stoker.features.category import Category
from stoker.features.number import Number
from stoker.testing import assert_fitted_cleaner

FEATURES = {"age": Number(), "city": Category()}
ROWS = pa.table({"age": ["31", "", "35", "33", "NA", "x"], "city": ["a", None, "b", " ", "a", "a"]})
GAPS = {"age": [1, 4], "city": [1, 3]}


def check(kind: type[Missing]) -> None:
    ages = ["31", "33", "35", "33", "33", "x"]
    assert_fitted_cleaner(kind(), ROWS, FEATURES, becomes={"age": ages}, touched=GAPS)
    step = kind(number="drop", category="mode")
    cities = ["a", "a", "b", "a", "a", "a"]
    assert_fitted_cleaner(
        step, ROWS, FEATURES, becomes={"city": cities}, touched=GAPS, rejected=[1, 4]
    )
