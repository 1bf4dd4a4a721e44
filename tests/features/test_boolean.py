"""Booleans: all usual spellings are one, and any other word is named."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.errors import DataError
from stoker.features import Scale
from stoker.features.boolean import Boolean, FittedBoolean


def fit(*cells: object, **options: object) -> FittedBoolean:
    return Boolean.model_validate(options).fit(pa.chunked_array([pa.array(cells)]))


def read(*cells: object, **options: object) -> list[float]:
    done = fit("true", "false", **options).transform(pa.array(cells))
    assert not done.bad
    return done.values.tolist()


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("true", "false"), ("TRUE", "False"), ("T", "f"), ("yes", "NO"), ("Y", " n "), ("1", " 0 "),
        ("1.0", "0.0"), ("on", "Off"), ("是", "否"), ("真", "假"), (True, False), (1, 0),
        ("Ja", "NEIN"), ("J", "n"), ("wahr", "Falsch"), ("Oui", "non"), ("VRAI", "faux"),
        ("Sí", "No"), ("si\u0301", "no"), ("verdadero", "falso"), ("sì", "no"), ("Sim", "não"),
        ("ja", "nee"), ("Ja", "Nej"), ("tak", "nie"), ("はい", "いいえ"),
        (1.0, -0.0), (Decimal("1.00"), Decimal(0)), (np.uint8(1), np.uint8(0)),
    ],
)  # fmt: skip
def test_true_and_false_are_read_in_every_spelling(yes: object, no: object) -> None:
    assert read(yes, no, no) == [1, 0, 0]
    assert read(*[yes, no] * 20) == [1, 0] * 20
    assert fit(yes, no, yes).num_true == 2


def test_five_spellings_in_one_column_are_two_values() -> None:
    assert read("Yes", "TRUE", "1", "y", "是", "No", "0") == [1] * 5 + [0] * 2


def test_letters_that_mean_other_things_too_are_no_words_for_yes() -> None:
    assert [fit("yes", "no").transform(pa.array([cell])).bad != () for cell in "sxomw"] == [
        True
    ] * 5


def test_missing_is_missing() -> None:
    done = fit("yes", "no", None).transform(pa.array(["", None, "NA", "?", "yes", "-"]))
    np.testing.assert_array_equal(done.values, [np.nan] * 4 + [1, np.nan])
    assert not done.bad
    assert fit("yes", None).had_missing
    assert not fit("yes", "no").had_missing
    np.testing.assert_array_equal(read(None, float("nan"), 1.0), [np.nan, np.nan, 1])


@pytest.mark.parametrize("cell", ["maybe", "22", 2, 0.5, Decimal("0.1")])
def test_anything_else_is_a_bad_cell_that_names_the_way_out(cell: object) -> None:
    done = fit("yes", "no").transform(pa.array([cell]))
    assert [bad.index for bad in done.bad] == [0]
    assert "neither true nor false; if it means that nothing is known" in done.bad[0].reason
    assert done.values.tolist() == [0]


def test_a_column_may_have_words_of_its_own() -> None:
    fitted = fit("Active", "closed", true=["active"], false=["closed"])
    done = fitted.transform(pa.array(["ACTIVE", "closed", "yes"]))
    assert done.values.tolist() == [1, 0, 0]
    assert [bad.found for bad in done.bad] == ["yes"]


def test_a_column_without_either_is_refused() -> None:
    with pytest.raises(DataError, match=r"nothing is true or false among 2 .* such as 'red'"):
        fit("red", "green")
    with pytest.raises(DataError, match="type binary, not true or false"):
        fit(b"1")


def test_a_network_gets_share_and_deviation() -> None:
    (scale,) = fit("yes", "no", "no", "no", None).scales
    assert scale[:3] == (0.25, pytest.approx(0.75**0.5 / 2), True)
    assert fit("yes").scales == (Scale(1.0, 1.0, False),)
