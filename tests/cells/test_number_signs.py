"""A sign before three digits means what brings the numbers of a column together."""

from __future__ import annotations

import random

import numpy as np
import pytest

from stoker.cells.number_forms import FoundForm, find_form


def found(texts: list[str], decimal: str = "") -> FoundForm:
    """How different texts write numbers."""
    form = find_form(list(dict.fromkeys(texts)), np.ones(len(set(texts))), decimal=decimal)
    assert form is not None
    return form


def mixed(small: str, large: str, decimal: str, count: int = 400) -> list[str]:
    """Amounts as a spreadsheet writes them: whole small units, large ones with three decimals."""
    draw = random.Random(0).lognormvariate
    amounts = [draw(6, 1) for _ in range(count)]
    return [
        f"{amount / 1000:.3f} {large}".replace(".", decimal)
        if amount > 1000
        else f"{max(1, amount):.0f} {small}"
        for amount in amounts
    ]


@pytest.mark.parametrize(("small", "large"), [("m", "km"), ("ml", "l"), ("g", "kg"), ("W", "kW")])
@pytest.mark.parametrize("sign", [".", ","])
def test_whole_small_units_say_nothing_of_the_decimals_of_large_ones(
    small: str, large: str, sign: str
) -> None:
    form = found(mixed(small, large, sign))
    said = {"decimal": ","} if sign == "," else {}
    assert form.options == {**said, "unit": {small: 1, large: 1000}}
    assert not form.is_ambiguous


def test_rest_of_file_does_not_overrule_sizes() -> None:
    form = found(mixed("m", "km", ","), decimal=".")
    assert form.options["decimal"] == ","


def test_thousands_of_one_unit_beside_another_are_thousands() -> None:
    kilos = [
        f"{n // 1000}.{n % 1000:03} kg" if n > 999 else f"{n} kg" for n in range(300, 9000, 37)
    ]
    form = found([*kilos, *(f"{n} t" for n in range(1, 12))])
    assert form.options == {"thousands": ".", "decimal": ",", "unit": {"kg": 1, "t": 1000}}
    assert not form.is_ambiguous


def test_thousands_of_a_small_unit_beside_a_large_one() -> None:
    form = found([*(f"{n}.250 kg" for n in range(12, 40)), *(f"{n} t" for n in range(10, 50))])
    assert form.options == {"thousands": ".", "decimal": ",", "unit": {"kg": 0.001, "t": 1}}


def test_whole_large_units_beside_those_with_decimals() -> None:
    """Where kilometres are cut to what they need, metres tell that they are no thousands."""
    form = found([*mixed("m", "km", "."), "2 km", "5 km", "3 km", "1.250 km"])
    assert "thousands" not in form.options
    assert not form.is_ambiguous


def test_what_no_size_tells_is_left_to_the_rest_of_the_file() -> None:
    texts = ["504 m", "316 m", "423 m", "1,872 km", "1,250 km"]
    assert found(texts).is_ambiguous
    assert found(texts, decimal=",").options["decimal"] == ","
    assert found(texts, decimal=".").options["thousands"] == ","
