"""What own cleaners, features and tasks answer is held against what their kinds promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.errors import OwnCodeError
from stoker.data.clean import CleanerState
from stoker.data.clean.missing import Missing
from stoker.data.prepare._own_answers import mended, returned, transformed
from stoker.features import FittedFeature, Transformed
from stoker.features.number import FittedNumber

ROWS = pa.table({"a": [1.0, 2.0, None], "b": ["x", "y", "z"]})
NUMBER = FittedNumber(mean=1, std=1, low=0, high=3, had_missing=True)


class Cuts(CleanerState):
    """Answers what it is told to."""

    how: str

    def apply(self, rows: pa.Table) -> Any:
        """A part of the rows, a part of the columns, nothing, or all."""
        return {
            "rows": rows.slice(1),
            "columns": rows.select(["b"]),
            "order": rows.select(["b", "a"]),
            "nothing": None,
            "all": rows,
        }[self.how]

    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """No cell."""
        return {}

    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        """No row."""
        return []


@pytest.mark.parametrize("how", ["rows", "columns", "order", "nothing"])
def test_a_cleaner_keeps_rows_and_columns(how: str) -> None:
    assert mended(Cuts(how="all"), ROWS) is ROWS
    with pytest.raises(OwnCodeError, match=f"apply of your step {__name__}:Cuts"):
        mended(Cuts(how=how), ROWS)


def test_what_is_learned_is_of_the_kind_that_travels() -> None:
    assert returned(NUMBER, "fit", NUMBER, FittedFeature) is NUMBER
    with pytest.raises(
        OwnCodeError, match=r"fit of your step missing returned NoneType(.|\n)*a Cl"
    ):
        returned(Missing(), "fit", None, CleanerState)


@pytest.mark.parametrize(
    "values",
    [np.zeros(2, NUMBER.dtype), np.zeros((3, 1), NUMBER.dtype), np.zeros(3, np.int8)],
    ids=["rows", "shape", "type"],
)
def test_a_tensor_has_the_form_that_its_feature_says(values: np.ndarray) -> None:
    good = Transformed(np.zeros(3, NUMBER.dtype))
    assert transformed(NUMBER, good, 3) is good
    with pytest.raises(OwnCodeError, match="transform of your step number made"):
        transformed(NUMBER, Transformed(values), 3)
    with pytest.raises(OwnCodeError, match="transform of your step number returned ndarray"):
        transformed(NUMBER, values, 3)
