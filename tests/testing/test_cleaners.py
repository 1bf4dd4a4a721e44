"""Every planted mistake of a cleaner breaks its promise, and a sound cleaner keeps it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stoker.data.clean import FittedCleaner
from stoker.features.number import Number
from stoker.testing import assert_cleaner, assert_fitted_cleaner
from tests.testing import wrong_cleaners as wrong

COLUMNS = {"size": pa.array([3.0, -1, None, 5, -2])}
NUMBERS = pa.table({"size": [1.0, 2, None, 3, 8, 9]})


def check_rows(kind: type[wrong.Negative]) -> None:
    assert_cleaner(kind(column="size"), COLUMNS, rejected=[1, 4])


def check_cells(kind: type[FittedCleaner]) -> None:
    assert_fitted_cleaner(
        kind(),
        NUMBERS,
        {"size": Number()},
        becomes={"size": [1.0, 2, None, 3, 3, 3]},
        touched={"size": [4, 5]},
    )


def test_sound_cleaners_keep_it() -> None:
    check_rows(wrong.Negative)
    check_cells(wrong.Cap)


@pytest.mark.parametrize("kind", wrong.Negative.__subclasses__())
def test_a_wrong_row_cleaner_breaks_it(kind: type[wrong.Negative]) -> None:
    with pytest.raises(AssertionError):
        check_rows(kind)


@pytest.mark.parametrize("kind", wrong.Cap.__subclasses__())
def test_a_wrong_fitted_cleaner_breaks_it(kind: type[wrong.Cap]) -> None:
    with pytest.raises(AssertionError):
        check_cells(kind)


@pytest.mark.parametrize("rejected", [[], [0, 1, 2, 3, 4]])
def test_an_example_on_which_nothing_is_decided_is_none(rejected: list[int]) -> None:
    with pytest.raises(AssertionError, match="that go and that stay"):
        assert_cleaner(wrong.Negative(column="size"), COLUMNS, rejected=rejected)
