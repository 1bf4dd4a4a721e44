"""Numbers: strict reading, parity with numpy and Python."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stoker.cells.number_forms import number_forms
from stoker.cells.numbers import NumberCells
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features.number import FittedNumber, Number, mean_and_std
from stoker.tasks.regress import Regress


def read(*cells: object, **options: object) -> list[float | None]:
    """Numbers of some cells, None for missing, an error's reason for a bad one."""
    found = Number.model_validate(options).read(pa.array(cells))
    values = [None if math.isnan(value) else value for value in found.value_N.tolist()]
    for bad in found.bad:
        values[bad.index] = bad.reason
    return values


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("7", 7), ("007", 7), (" 7\t", 7), ("+7", 7), ("-.5", -0.5), ("1.", 1), ("1e3", 1000),
        ("1E-3", 0.001), ("1e-999", 0), ("9007199254740993", 9007199254740992),
        ("\N{IDEOGRAPHIC SPACE}3", 3), ("\N{FULLWIDTH DIGIT ONE}2", 12), ("\N{MINUS SIGN}3", -3),
    ],
)  # fmt: skip
def test_reads_what_is_plainly_a_number(cell: str, number: float) -> None:
    assert read(cell) == [number]
    assert read(cell, "x")[0] == number


def test_a_missing_value_is_missing() -> None:
    marks = ["", "  ", None, "NA", "NaN", "nan", "null", "NULL", "None", "?", "N/A", " NA "]
    marks += ["-", "--", "未测", "不详", "nUlL", "n.a.", "#N/A", "none"]
    assert read(*marks, "1") == [None] * len(marks) + [1]
    for mark in marks:
        assert read(mark, "1") == [None, 1]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("1,234.5", "sign between thousands; write 1234.5"),
        ("1'234", "sign between thousands; write 1234"),
        ("1,5", "decimal comma"),
        ("inf", "infinite"), ("-Infinity", "infinite"), ("1e400", "too large"),
        ("0x10", "not a number"), ("1_000", "underscores; write 1000"), ("12 kg", "unit or sign"),
        ("$5", "unit or sign"), ("50%", "unit or sign"), ("-NaN", "no value"), ("+nan", "no value"),
        ("1-2", "not a number"), ("1年", "unit or sign"), ("--1", "not a number"),
        ("1e", "not a number"), ("1\x00", "not a number"), (".", "not a number"), ("年", "not a"),
    ],
)  # fmt: skip
def test_says_why_the_rest_will_not_do(cell: str, reason: str) -> None:
    assert reason in str(read("1", cell)[1])
    assert reason in str(read(cell)[0])
    assert reason in str(read(cell, "?")[0])


def test_no_mark_is_missing_if_the_recipe_says_so() -> None:
    assert "not a number" in str(read("NA", "1", missing=[])[0])
    assert "no value" in str(read("nan", "1", missing=[])[0])
    assert read("-999", "1", missing=["-999"]) == [None, 1]


def test_other_ways_of_writing_are_declared() -> None:
    assert read("1.234,5", "7", "-0,5", decimal=",", thousands=".") == [1234.5, 7, -0.5]
    assert read("1 234", "12 34", thousands=" ")[0] == 1234
    assert "not a number" in str(read("12 34", thousands=" ")[0])
    assert read("1,5", decimal=",") == [1.5]
    assert isinstance(read("1.5", decimal=",")[0], str)


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint64(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(9, 2)]
)
def test_typed_columns_are_read_too(kind: pa.DataType) -> None:
    cells = [decimal.Decimal(3), None] if pa.types.is_decimal(kind) else [3, None]
    found = Number().read(pa.array(cells, kind))
    np.testing.assert_array_equal(found.value_N, [3, np.nan])


def test_bools_dictionaries_views_and_nulls_are_read_too() -> None:
    for cells in (
        pa.array([True, None]),
        pa.array(["1", None]).dictionary_encode(),
        pa.array(["1", None], pa.string_view()),
        pa.array(["1", None], pa.large_string()),
        pa.array([1.0, math.nan]),
    ):
        np.testing.assert_array_equal(Number().read(cells).value_N, [1, np.nan])
    assert Number().read(pa.nulls(2)).value_N.tolist() == pytest.approx([np.nan] * 2, nan_ok=True)


def test_a_typed_infinity_is_bad() -> None:
    assert [bad.index for bad in Number().read(pa.array([1.0, math.inf])).bad] == [1]


def test_a_typed_infinity_is_missing_if_the_recipe_says_so() -> None:
    cells = pa.array([1.0, math.inf, -math.inf], pa.float32())
    done = Number(missing=("inf", "-INF")).read(cells)
    assert not done.bad
    np.testing.assert_array_equal(done.value_N, [1, np.nan, np.nan])
    assert [bad.index for bad in Number(missing=("inf",)).read(cells).bad] == [2]


def test_a_date_is_no_number() -> None:
    with pytest.raises(DataError, match="not a number"):
        Number().fit(pa.chunked_array([pa.array([0], pa.date32())]))
    fitted = Number().fit(pa.chunked_array([pa.array([0, 1])]))
    assert "is a date32" in fitted.transform(pa.array([0], pa.date32())).bad[0].reason


def test_a_number_beyond_float32_of_the_scale_is_bad() -> None:
    fitted = Number().fit(pa.chunked_array([pa.array([0.0, 1.0])]))
    done = fitted.transform(pa.array([1e300, 0.5]))
    assert "too far" in done.bad[0].reason
    assert np.isfinite(done.values).all()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_text_of_a_float_reads_back_exactly(values: list[float]) -> None:
    found = Number().read(pa.array([repr(value) for value in values]))
    assert not found.bad
    assert found.value_N.tolist() == values
    texts = [Number(decimal=",").text(value) for value in values]
    assert Number(decimal=",").read(pa.array(texts)).value_N.tolist() == values


@given(st.lists(st.text(max_size=8), min_size=1))
def test_any_text_is_a_number_missing_or_bad(texts: list[str]) -> None:
    found = Number().read(pa.array(texts))
    for text, value in zip(texts, found.value_N.tolist(), strict=True):
        if not math.isnan(value):
            assert float(text.strip()) == value
    bad = {cell.index for cell in found.bad}
    missing = set(np.flatnonzero(Number().missing_N(pa.array(texts))).tolist())
    good = set(np.flatnonzero(~np.isnan(found.value_N)).tolist())
    assert sorted([*bad, *missing, *good]) == list(range(len(texts)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_mean_and_deviation_are_those_of_numpy(values: list[float]) -> None:
    mean, std = mean_and_std(np.array(values))
    assert mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    if len(set(values)) > 1 and np.std(values) > 1e-9 * max(map(abs, values)):
        assert std == pytest.approx(np.std(values), rel=1e-6)


def test_numbers_stay_in_their_own_unit() -> None:
    cells = pa.chunked_array([pa.array([1e9, 1e9 + 1, None])])
    done = Number().fit(cells).transform(cells)
    assert done.values.dtype == np.float64
    np.testing.assert_array_equal(done.values, [1e9, 1e9 + 1, np.nan])


def test_graphs_of_the_first_format_get_standardised_numbers() -> None:
    fitted = FittedNumber(mean=1e9 + 1, std=2, low=0, high=2e9, had_missing=False)
    found = fitted.transform(pa.array([1e9, 1e9 + 3])).values
    assert found.dtype == np.float32
    assert found.tolist() == [-0.5, 1]


def test_a_constant_column_is_no_division_by_zero() -> None:
    fitted = Number().fit(pa.chunked_array([["3", "3", None]]))
    assert (fitted.mean, fitted.std, fitted.had_missing) == (3, 1, True)


def test_numbers_outside_of_what_training_saw_are_marked() -> None:
    fitted = Number().fit(pa.chunked_array([pa.array([-0.1, 2.0, None])]))
    done = fitted.transform(pa.array([2.0, 2.1, None, -0.2, 1e300, np.inf]))
    assert done.unseen_N is not None
    assert np.flatnonzero(done.unseen_N).tolist() == [1, 3, 4]
    assert [cell.index for cell in done.bad] == [4, 5]
    assert fitted.transform(pa.array([0.5, None])).unseen_N is None
    narrow = fitted.transform(pa.array([-0.1], pa.float32()))  # a bit below, by rounding
    assert narrow.unseen_N is None


@pytest.mark.parametrize(
    ("options", "cells", "numbers"),
    [
        ({"unit": "%"}, ["24.7%", "24.7 %", "3", "-1%"], [24.7, 24.7, 3, -1]),
        ({"unit": ["$", "US$"]}, ["$5", "-$5", "$-5", "US$ 5", "5 $"], [5, -5, -5, 5, 5]),
        ({"unit": "¥", "thousands": ","}, ["¥1,048.03", "\N{FULLWIDTH YEN SIGN}7"], [1048.03, 7]),
        ({"unit": "€", "decimal": ",", "thousands": "."}, ["1.234,50 €", "0,5€"], [1234.5, 0.5]),
        ({"brackets": True}, ["(120)", "( 1.5 )", "7"], [-120, -1.5, 7]),
        ({"brackets": True, "unit": "$"}, ["($5)", "$(5)", "-$5"], [-5, -5, -5]),
        ({"trailing_minus": True}, ["12.50-", "-3", "7", "4 -"], [-12.5, -3, 7, -4]),
        (
            {"trailing_minus": True, "decimal": ",", "thousands": ".", "unit": "€"},
            ["1.012,50-", "3,0- €", "3 €-", "€ 4-", "-5 €"],
            [-1012.5, -3, -3, -4, -5],
        ),
        (
            {"unit": {"m": 1, "km": 1000}},
            ["5 km", "-7m", "8", "km 2", "NA"],
            [5000, -7, 8, 2000, None],
        ),
        (
            {"unit": {"min": 1, "h": 60, "d": 1440}},
            ["1h 30min", "-2 h 5.5 min", "1d1h1min", "1 d and 2 min", "1h, 2 min", "90 min", "7"],
            [90, -125.5, 1501, 1442, 62, 90, 7],
        ),
        ({"unit": {"m": 1, "km": 1000}, "thousands": ","}, ["1,000 km 20 m"], [1_000_020]),
        (
            {"unit": {"°C": 1, "°F": [5 / 9, 32], "K": [1, 273.15]}, "decimal": ","},
            ["20,5°C", "68 °F", "-4°F", "273,15 K", "7", "0°F"],
            [20.5, 20, -20, 0, 7, -160 / 9],
        ),
        (
            {"decimal": "either"},
            ["1000.5", "1000,12", "-7", ",5", "1,5e3"],
            [1000.5, 1000.12, -7, 0.5, 1500],
        ),
        ({"decimal": "either", "unit": {"h": 1, "min": 1 / 60}}, ["1,5 h 30 min"], [2]),
        ({"unit": {"¥": 1, "万": 1e4}, "brackets": True}, ["¥1.5万", "(¥2万)"], [15_000, -20_000]),
        ({"unit": {"m": 1, "cm": 0.01, "m²": 7}}, ["50cm", "2m", "2 m²"], [0.5, 2, 14]),
        ({"thousands": ","}, ["1.821e+05", "33,871", "12,34,567"], [182100, 33871, 1234567]),
        ({"thousands": " "}, ["1\N{NO-BREAK SPACE}234", "1 234"], [1234, 1234]),
        ({"thousands": "'"}, ["1\N{RIGHT SINGLE QUOTATION MARK}234"], [1234]),
        ({"unit": ["m", "mm"]}, ["5mm", "5 m"], [5, 5]),
        ({"unit": "g", "missing": ["k.A."]}, ["5 g", "K.a."], [5, None]),
    ],
)
def test_people_write_numbers_in_many_ways(
    options: dict, cells: list[str], numbers: list[float | None]
) -> None:
    assert read(*cells, **options) == numbers
    for cell, number in zip(cells, numbers, strict=True):
        assert read(cell, **options) == [number]


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        ({"unit": "kg"}, "5 g"), ({"unit": "kg"}, "kg"), ({"unit": "kg"}, "5 kg 3"),
        ({"unit": "$"}, "-$-5"), ({"unit": "$"}, "$$5"), ({"brackets": True}, "(5"),
        ({"brackets": True}, "(-5)"), ({}, "(5)"), ({"thousands": ","}, "1,2,3"),
        ({"thousands": ","}, "1234,567"), ({"unit": "%"}, "%5%%"), ({}, "5-"),
        ({"unit": {"min": 1, "h": 60}}, "5 min 1 h"), ({"unit": {"min": 1, "h": 60}}, "1 h 2 h"),
        ({"unit": {"min": 1, "h": 60}}, "1 h 2"), ({"unit": ["h", "min"]}, "1 h 2 min"),
        ({"trailing_minus": True}, "-5-"), ({"trailing_minus": True}, "5--"),
        ({"trailing_minus": True}, "+5-"), ({"trailing_minus": True, "brackets": True}, "(5-)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_form_is_bad(options: dict, cell: str) -> None:
    assert isinstance(read(cell, "1", **options)[0], str)


def test_several_units_that_nothing_knows_are_named_with_what_to_write() -> None:
    cells = pa.chunked_array([[f"{n} {'box' if n % 3 else 'bag'}" for n in range(20)]])
    with pytest.raises(DataError) as caught:
        Number().fit(cells)
    assert "{number: {unit: {'box': 1, 'bag': N}}}, where one 'bag' is N" in str(caught.value.fix)
    fitted = Number(unit={"box": 1, "bag": 2.5}).fit(cells)
    assert (fitted.low, fitted.high) == (0, 45)
    again = FittedNumber.model_validate_json(fitted.model_dump_json())
    assert again.transform(pa.array(["2 bag", "2"])).values.tolist() == [5, 2]
    assert again.transform(pa.array([2.0])).values.tolist() == [2]
    assert "A number in box or its text" in again.json_schema()["description"]
    assert "'pack' beside the digits and not 'box' or 'bag'" in again.why_bad("3 pack")
    assert "say number: {unit: {'bags': 2.5, 'box': 1, 'bag': 2.5}}" in again.why_bad("3 bags")
    for wrong in ({}, {"m": 0}, {"m": -1}, {"m": math.inf}, {"": 1}):
        with pytest.raises(ValidationError):
            Number.model_validate({"unit": wrong})


@given(st.dictionaries(st.sampled_from(["m", "km", "cm", "m²", "ft", "ft."]), st.integers(1, 99)))
def test_numbers_in_several_units_are_those_of_the_digits_times_the_unit(
    worth: dict[str, int],
) -> None:
    texts = [f"{n}.5{blank}{unit}" for n, unit in enumerate(worth) for blank in ("", " ")]
    wanted = [(n + 0.5) * worth[unit] for n, unit in enumerate(worth) for _ in range(2)]
    if worth:
        assert read(*texts, unit=worth) == wanted


def test_a_number_without_a_unit_is_unseen_where_training_had_one_in_every_cell() -> None:
    cells = pa.chunked_array([["66kg", "70 kg", "900 g", "0", None]])
    kilos = Number.model_validate(number_forms(cells)).fit(cells)
    again = FittedNumber.model_validate_json(kilos.model_dump_json())
    found = again.transform(pa.array(["66", "66 kg", "6000g", "0", None, "99 kg", "x"]))
    assert found.unseen_N is not None
    assert found.unseen_N.tolist() == [True, False, False, False, False, True, False]
    np.testing.assert_array_equal(found.values, [66, 66, 6, 0, np.nan, 99, 0])
    for typed in (pa.array([66.0, None, 0]), pa.array([66, 7, 8])):
        bare = again.transform(typed).unseen_N
        assert bare is not None
        assert bare[0]
    assert again.unseen_hint("66") == "it has no unit and is read as 'kg'"
    assert again.unseen_hint("99 kg") == ""
    assert again.json_schema()["examples"] == ["34.23 kg"]
    example = again.transform(pa.array(again.json_schema()["examples"]))
    assert (example.values.tolist(), example.unseen_N) == ([34.23], None)


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["66kg", "70 kg", "900 g", "66"], {"kg": 1, "g": 0.001}),
        (["66kg", "70 kg"], "kg"), (["1.2M", "350K"], {"M": 1e6, "K": 1e3}),
    ],
)  # fmt: skip
def test_a_number_without_a_unit_is_known_where_training_had_some_or_one_unit(
    cells: list[str], unit: Any
) -> None:
    fitted = Number(unit=unit).fit(pa.chunked_array([cells]))
    assert fitted.transform(pa.array(["66 kg" if "kg" in unit else "1M"])).unseen_N is None
    assert fitted.unseen_hint("66") == ""
    assert isinstance(fitted.json_schema()["examples"][0], float)
    older = FittedNumber.model_validate_json(fitted.model_dump_json(exclude={"had_bare"}))
    assert older.had_bare


def test_a_0_of_degrees_needs_its_unit() -> None:
    cells = pa.chunked_array([["20°C", "68°F"]])
    fitted = Number.model_validate(number_forms(cells)).fit(cells)
    low = FittedNumber.model_validate({**fitted.model_dump(), "low": -99})
    unseen_N = low.transform(pa.array(["0", "32°F", "0 °C"])).unseen_N
    assert unseen_N is not None
    assert unseen_N.tolist() == [True, False, False]


def test_degrees_are_converted_and_never_multiplied() -> None:
    cells = pa.chunked_array([["20°C", "68°F", "293.15 K", "-40 °C"]])
    options = number_forms(cells)
    fitted = Number.model_validate(options).fit(cells)
    again = FittedNumber.model_validate_json(fitted.model_dump_json())
    np.testing.assert_allclose(again.transform(cells).values, [20, 20, 20, -40])
    reason = read("294 K", "20 °C", unit="°C")[0]
    assert reason == "has 'K' beside the digits and not '°C'; write it in that"
    assert "multiplies by 1,000" in str(read("294 K", unit="€")[0])
    assert isinstance(read("1 °C 2 °F", unit=options["unit"] if options else ())[0], str)
    for wrong in ([1], [0, 32], [1, math.inf], [1, 2, 3]):
        with pytest.raises(ValidationError):
            Number.model_validate({"unit": {"°C": 1, "°F": wrong}})


def test_a_reason_says_the_option_that_helps() -> None:
    assert "say number: {unit: 'kg'}" in str(read("12 kg")[0])
    assert "say number: {unit: '¥'}" in str(read("¥12")[0])
    assert "write -120, or say number: {brackets: true}" in str(read("(120)")[0])


def test_a_reason_says_all_options_at_once() -> None:
    assert "say number: {thousands: ',', unit: '¥'}" in str(read("¥1,161.23")[0])
    assert "say number: {thousands: ',', unit: '¥'}" in str(read("¥1,161.23", unit="¥")[0])
    assert "say number: {thousands: '.', decimal: ',', unit: '€'}" in str(read("1.161,5 €")[0])
    assert "multiplies by 100,000,000; write the digits out: 250000000" in str(read("2.5亿")[0])
    assert "not 'kg'; write it in that" in str(read("300 g", unit="kg")[0])
    cells = pa.chunked_array([["¥1,161.23", "¥62.01", "¥7", "¥31.5"]])
    with pytest.raises(DataError) as caught:
        Number().fit(cells)
    assert caught.value.fix == "say number: {thousands: ',', unit: '¥'}"
    with pytest.raises(DataError) as caught:
        Regress().fit(cells)
    assert caught.value.fix == "say regress: {thousands: ',', unit: '¥'}"
    assert "say regress: {thousands: ',', unit: '¥'}" in caught.value.what
    assert Regress(thousands=",", unit="¥").fit(cells).low == 7


@pytest.mark.parametrize(
    ("options", "cell", "has", "write"),
    [
        ({"decimal": ","}, "1.25", "'.' before the fraction", "1,25"),
        ({"decimal": ","}, "1,234.5", "'.' before the fraction", "1234,5"),
        ({"decimal": ",", "thousands": "."}, "1.25", "'.' before the fraction", "1,25"),
        ({"thousands": "."}, "1.25", "'.' before the fraction", "1,25"),
        ({"thousands": ","}, "1.234,5", "',' before the fraction", "1234.5"),
        ({"decimal": ","}, "1.234", "'.' between digits", "1,234, or 1234"),
        ({"decimal": ",", "unit": "€"}, "-1.25 €", "'.' before the fraction", "-1,25"),
    ],
)
def test_signs_of_another_land_are_told_with_those_of_the_recipe(
    options: dict[str, str], cell: str, has: str, write: str
) -> None:
    said = ", ".join(
        f"{key}: {options[key]!r}" for key in ("thousands", "decimal") if key in options
    )
    reason = f"has {has}, and the column is read as number: {{{said}}}; write {write}"
    assert read(cell, **options) == [reason]
    assert not isinstance(read(write.partition(", or")[0], **options)[0], str)


def test_a_minus_behind_the_digits_is_told_with_its_option() -> None:
    assert "write -12.5, or say number: {decimal: ',', trailing_minus: true}" in str(
        read("12,50-")[0]
    )


def test_a_point_between_thousands_leaves_the_comma_for_the_fraction() -> None:
    assert read("1.542", "572", "1.542,5", thousands=".") == [1542, 572, 1542.5]
    assert isinstance(read("1.5", "2", thousands=".")[0], str)
    fitted = Number(thousands=".").fit(pa.chunked_array([["1.542", "572"]]))
    assert FittedNumber.model_validate_json(fitted.model_dump_json()).point == ","
    assert "say number: {thousands: ','}" in str(read("1,234.5", decimal="either")[0])
    assert read("1.234,5", decimal="either") == [
        "has a sign between thousands; write 1234.5, or say number: {thousands: '.', decimal: ','}"
    ]
    with pytest.raises(ValidationError, match="no sign can stand between thousands"):
        Number.model_validate({"thousands": ",", "decimal": "either"})
    with pytest.raises(ValidationError, match="cannot stand between thousands and before"):
        Number.model_validate({"thousands": ",", "decimal": ","})


def test_a_duration_is_a_number_of_seconds() -> None:
    cells = [dt.timedelta(minutes=1, milliseconds=500), None]
    for unit in ("ms", "us", "ns"):
        found = Number().read(pa.array(cells, pa.duration(unit)))
        np.testing.assert_array_equal(found.value_N, [60.5, np.nan])


def test_codes_that_become_equal_as_numbers_are_warned_of() -> None:
    codes = [1_700_000_000_000_000_000 + i for i in range(4)]
    for cells in (codes, [str(code) for code in codes], [decimal.Decimal(code) for code in codes]):
        with events.recording() as lines:
            Number().fit(pa.chunked_array([pa.array(cells)]))
        assert "4 different whole numbers of more than 15 digits" in lines[0].text
    with events.recording() as lines:
        Number().fit(pa.chunked_array([pa.array([2.0**60, 2.0**61, 5.0])]))
        Number().fit(pa.chunked_array([pa.array([2**60, 2**61, 5])]))
    assert not lines


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (["7", "-1.5", "1e3"], {}),
        (["¥1,048.03", "7"], {"thousands": ",", "unit": "¥"}),
        (["24.7%", "0"], {"unit": "%"}),
        (["$1,234.50", "($3.20)"], {"thousands": ",", "unit": "$", "brackets": True}),
        (["1.234,50 €", "3,00 €"], {"thousands": ".", "decimal": ",", "unit": "€"}),
        (["1 234,5", "7"], {"thousands": " ", "decimal": ","}),
        (["1,5", "2,25"], {"decimal": ","}),
        (["0,452", "1,234"], {"decimal": ","}),
        (["1.821e+05", "33,871"], {"thousands": ","}),
        (["12.50-", "7", "-3.1"], {"trailing_minus": True}),
        (["120-", "3"], {"trailing_minus": True}),
        (
            ["1.729,27- €", "3,00 €"],
            {"thousands": ".", "decimal": ",", "unit": "€", "trailing_minus": True},
        ),
        (["44.9小时", "2.1天"], {"unit": {"小时": 1, "天": 24}}),
        (["357 m", "5,0 km", "0"], {"decimal": ",", "unit": {"m": 1, "km": 1000}}),
        (["12 kg", "800 g", "-"], {"unit": {"g": 1, "kg": 1000}}),
        (["1 Std.", "30 Min."], {"unit": {"Min.": 1, "Std.": 60}}),
        (["30m", "2h"], {"unit": {"m": 1, "h": 60}}),
        (["2 years", "5 Months", "1 year"], {"unit": {"Months": 1 / 12, "years": 1, "year": 1}}),
        (["1 day", "2 days", "3 weeks"], {"unit": {"day": 1, "days": 1, "weeks": 7}}),
        (["500 ml", "1.5 L", "2l"], {"unit": {"ml": 0.001, "L": 1, "l": 1}}),
        (["66kg", "70公斤", "7 kg", "132斤", "9斤"], {"unit": {"斤": 0.5, "kg": 1, "公斤": 1}}),
        (["12 kg", "7 kg", "800 g"], {"unit": {"g": 0.001, "kg": 1}}),
        (["1h 30min", "2h", "3h"], {"unit": {"min": 1 / 60, "h": 1}}),
        (["2h 5min", "45min", "3 h"], {"unit": {"min": 1, "h": 60}}),
        (["3小时5分", "1小时"], {"unit": {"分": 1, "小时": 60}}),
        (["1 year, 3 months", "2 years"], {"unit": {"months": 1, "year": 12, "years": 12}}),
        (["5'11\"", "6'"], {"unit": {'"': 1, "'": 12}}),
        (["1,5 kg 20 g", "300 g"], {"decimal": ",", "unit": {"g": 1, "kg": 1000}}),
        (["20.1°C", "68.2°F"], {"unit": {"°C": 1, "°F": (5 / 9, 32)}}),
        (["20 ℃", "294 K"], {"unit": {"℃": 1, "K": (1, 273.15)}}),
        (["68°F", "294 K"], {"unit": {"°F": 1, "K": (1.8, 255.37222222222223)}}),
        (["20°C", "21 ℃"], {"unit": ["°C", "℃"]}),
        (["1.2M", "350K", "900"], {"unit": {"K": 1000, "M": 1_000_000}}),
        (["¥1.45万", "¥1,161.23", "¥7"], {"thousands": ",", "unit": {"¥": 1, "万": 10_000}}),
        (["3 days", "1 day", "NA"], {"unit": ["days", "day"]}),
        (["90 mg/dL", "100 mg/dL"], {"unit": "mg/dL"}),
        (["12 kg", "13"], {"unit": "kg"}),
        (["24.7%", "3"], {"unit": "%"}),
        (["82,5", "81,2 kg", "90"], {"decimal": ",", "unit": "kg"}),
        (["2", "2件"], {"unit": "件"}),
        (["1.5g", "2"], {"unit": "g"}),
        (["1.540 €", "572 €", "2.550 €"], {"thousands": ".", "decimal": ",", "unit": "€"}),
        (["1,540", "572", "2,550"], {"thousands": ","}),
        (["1.333", "2", "1.667", "2.333"], {}),
        (["1.540", "2550", "3.120"], {}),
        (["0.452", "1.540"], {}),
    ],
)
def test_the_form_is_found(texts: list[str], options: dict) -> None:
    assert number_forms(texts) == options
    assert number_forms(pa.array(texts)) == options


@pytest.mark.parametrize(
    "texts",
    [
        ["C1", "D2"], ["1. White", "2. Black"], ["T06", "T11"], ["007", "7"], ["2024-01-02"],
        ["1.2.3"], ["12 kg", "13 m"], ["12A", "13"], ["5k", "7"], ["24.7%", "0.3"],
        ["12 kg", "13 g", "5"], ["2024年3月5日"], ["3 box 2 bag", "2 box"], ["A1 B2"],
        ["20°C", "68°F", "0"], ["12C", "14F", "3K"],
        ["12 kg 3 m", "5 kg"], ["3 d", "2 m"], ["1K", "2K", "3B"], ["3 foo", "5 bar"],
        ["1st", "2nd"], ["10:30"], ["5-6"], ["a"], [""], [], ["5 March", "6 May"], ["10+", "3"],
        ["2-", "1-", "3"], ["18-24", "65-"], ["-5-"], ["2024-01-"],
        ["138 0000 0000"], ["4WD", "2"], ["1st", "2"], ["10以上", "12"], ["¥1.45起", "¥7"],
        [*(f"{n} mg" for n in range(400, 440)), *(f"0.{n}" for n in range(40, 50))],
    ],
)  # fmt: skip
def test_what_is_no_quantity_has_no_form(texts: list[str]) -> None:
    assert number_forms(texts) is None


def test_a_share_of_the_texts_may_be_something_else() -> None:
    texts = [*(f"{n} kg" for n in range(1, 99)), "about 3"]
    assert number_forms(texts) is None
    assert number_forms(texts, least_share=0.98) == {"unit": "kg"}


@given(
    st.lists(st.one_of(st.none(), st.text("0123456789.+-eENA \u00a0nax\n", max_size=5)), min_size=1)
)
def test_few_texts_are_read_as_many_are(texts: list[str | None]) -> None:
    few = Number().read(pa.array(texts[:8], pa.string()))
    many = Number().read(pa.array(texts[:8] * 20, pa.string()))
    np.testing.assert_array_equal(few.value_N, many.value_N[: len(few.value_N)])
    assert few.bad == tuple(cell for cell in many.bad if cell.index < len(few.value_N))


def test_digits_of_codes_are_not_told_to_be_written_alone() -> None:
    with pytest.raises(DataError) as codes:
        Number().fit(pa.chunked_array([["A1", "B5", "A5"]]))
    assert "letters that differ from cell to cell, as codes have" in codes.value.what
    assert "category" in (codes.value.fix or "")
    with pytest.raises(DataError, match="unit: 'kg'"):
        Number().fit(pa.chunked_array([["3 kg", "5 kg"]]))


@pytest.mark.parametrize(
    ("missing", "last"), [(("-999",), np.nan), (("-9.99e2",), np.nan), (("NA",), -999.0)]
)
def test_a_number_may_mean_that_there_is_none(missing: tuple[str, ...], last: float) -> None:
    cells = pa.array([*map(str, range(30)), None, " 2.5 ", "-999"])
    found = NumberCells(missing=missing).read(cells)
    np.testing.assert_array_equal(found.value_N, [*range(30), np.nan, 2.5, last])
    assert not found.bad


@pytest.mark.parametrize("odd", ["nan", "NaN", "inf", "-Infinity", "0x10", "", " ", "NA"])
def test_cells_between_plain_numbers_are_read_as_they_are_alone(odd: str) -> None:
    alone = NumberCells().read(pa.array([odd]))
    found = NumberCells().read(pa.array([*map(str, range(30)), odd]))
    np.testing.assert_array_equal(found.value_N[-1:], alone.value_N)
    assert [one.reason for one in found.bad] == [one.reason for one in alone.bad]


def test_numbers_beyond_a_limit_count_as_the_limit_where_the_recipe_says_so() -> None:
    cells = pa.chunked_array([["<0,5", "> 65", "7,25", "\N{FULLWIDTH LESS-THAN SIGN}5"]])
    fitted = Number(decimal=",", censored=True).fit(cells)
    assert fitted.transform(cells).values.tolist() == [0.5, 65, 7.25, 5]
    grams = Number(unit={"g": 1, "kg": 1000}, censored=True)
    assert grams.read(pa.array(["<5 kg"])).value_N.tolist() == [5000]
    bad = Number().read(pa.array(["<0.5", "<<5"])).bad
    said = "has a sign of a limit before the digits; write 0.5, or say number: {censored: true}"
    assert bad[0].reason == said
    assert bad[1].index == 1


@pytest.mark.parametrize("many", [1, 20])
def test_a_number_that_means_no_value_does_so_however_it_is_written(many: int) -> None:
    cells = pa.array(["9999.0", "9999", "9999.00", "7", "9.999e3"] * many)
    value_N = Number(missing=("9999",)).read(cells).value_N
    assert np.isnan(value_N).sum() == 4 * many
    found = Number(missing=("9999",), decimal=",").read(pa.array(["9999,0", "7,5"] * many)).value_N
    assert np.isnan(found).sum() == many
    huge = Number(missing=("inf",)).read(pa.array(["1e400", "7"] * many))
    assert len(huge.bad) == many
