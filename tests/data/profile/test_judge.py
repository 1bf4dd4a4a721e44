"""What a column is follows from all of its cells, and each choice says why."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.errors import DataError
from stoker.core.events import counted
from stoker.core.steps import make_step
from stoker.core.yaml import parse_yaml
from stoker.data.profile.choice import feature_yaml
from stoker.data.profile.judge import judge
from stoker.data.profile.missing import missing_cells, missing_words
from stoker.features import Feature
from stoker.features.number import Number
from tests.data.profile.conftest import Judged, Profiled

THOUSANDS = [f"{n // 1000}.{n % 1000:03}" if n > 999 else str(n) for n in range(300, 9_999, 37)]
"""Whole numbers as they are written in half of Europe."""


def shuffled(values: Iterable[object], seed: int = 0) -> list[Any]:
    values = list(values)
    random.Random(seed).shuffle(values)
    return values


def drawn(count: int, low: int, high: int, seed: int = 0) -> list[int]:
    generator = random.Random(seed)
    return [generator.randrange(low, high) for _ in range(count)]


def only(judged: Judged, values: Any, name: str = "x", **options: Any) -> Any:
    return judged({name: values}, **options)[name]


# --- numbers, however they are written -----------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["1.5", "-2", "1e3"] * 20, {}),
        ([f"{n / 7:.1f} %" for n in range(100)], {"unit": "%"}),
        (["10 %", "20 %"] * 50, {"unit": "%"}),
        ([f"¥{n},{n + 100}.5" for n in range(1, 99)], {"thousands": ",", "unit": "¥"}),
        ([f"{n},{n + 100}.5" for n in range(1, 99)], {"thousands": ","}),
        (["1.821e+05", "33,871", "999"] * 30, {"thousands": ","}),
        ([f"{n},5" for n in range(100)], {"decimal": ","}),
        (["0,452", "0,119", "0,007"] * 9, {"decimal": ","}),
        (["1.234,50", "17,5", "3"] * 30, {"thousands": ".", "decimal": ","}),
        (["(1,200.50)", "30", "7"] * 30, {"thousands": ",", "brackets": True}),
        ([f"{n}.5 kg" for n in range(60)], {"unit": "kg"}),
        ([f"$ {n * 31:,}" for n in range(60)], {"thousands": ",", "unit": "$"}),
        ([f"€ {n},5" for n in range(60)], {"decimal": ",", "unit": "€"}),
        (["<0,5"] * 90 + [f"{n},5" for n in range(60)], {"decimal": ",", "censored": True}),
        (
            ["< 5 mg", "> 65 mg", *(f"{n} mg" for n in range(5, 66))],
            {"unit": "mg", "censored": True},
        ),
        (["\N{LESS-THAN OR EQUAL TO}5", "<=5", *map(str, range(5, 66))], {"censored": True}),
        (
            [f"{n / 9:.1f} 天" if n % 4 else f"{n}小时" for n in range(60)],
            {"unit": {"小时": 1 / 24, "天": 1}},
        ),
        (
            [f"{n},5 km" if n % 4 else f"{n} m" for n in range(99)],
            {"decimal": ",", "unit": {"m": 0.001, "km": 1}},
        ),
        (
            [f"{n / 10:.1f}M" if n % 4 else f"{n}K" for n in range(99)],
            {"unit": {"K": 1000, "M": 1_000_000}},
        ),
        (
            [*(f"¥{n},{n + 100}.5" for n in range(1, 99)), "¥1.45万"],
            {"thousands": ",", "unit": {"¥": 1, "万": 10_000}},
        ),
        (["12,50-", "7,00", "1,25"] * 30, {"decimal": ",", "trailing_minus": True}),
        (["36 months", "60 months"] * 40, {"unit": "months"}),
        (["\N{MINUS SIGN}5", "3", "4.5"] * 20, {}),
        (THOUSANDS, {"thousands": ".", "decimal": ","}),
        ([f"{text} €" for text in THOUSANDS], {"thousands": ".", "decimal": ",", "unit": "€"}),
        ([text.replace(".", ",") for text in THOUSANDS], {"thousands": ","}),
        ([f"{n / 8:.3f}" for n in range(9, 99)], {}),
        ([f"{n / 1000:.3f}" for n in range(900, 1999)], {}),
        (["1.333", "2", "1.667", "2.333", "3"] * 9, {}),
        ([*(f"{n}.5" for n in range(90)), *(f"{n}.5 kg" for n in range(20, 30))], {"unit": "kg"}),
        (
            [*(f"{n},5" for n in range(9)), *(f"{n},5 kg" for n in range(50))],
            {"decimal": ",", "unit": "kg"},
        ),
        ([*(f"{n}.5" for n in range(490)), "68.7 kg", "65.4 kg"], {"unit": "kg"}),
        (["2", "2件", "1", "3件"] * 30, {"unit": "件"}),
        (["2 %", "10", "90 %"] * 30, {"unit": "%"}),
    ],
)
def test_numbers_in_any_form(judged: Judged, cells: list[str], options: dict[str, Any]) -> None:
    found = only(judged, cells)
    assert found.feature == {"number": options}
    feature = make_step("stoker.features", found.feature, Feature)
    fitted = feature.fit(pa.chunked_array([cells]))
    assert fitted.transform(pa.array(cells)).bad == ()


def test_a_sign_in_doubt_means_what_the_rest_of_the_table_says(judged: Judged) -> None:
    doubt = [f"{n}.{n + 100}" for n in range(2, 99)]
    comma, point = [f"{n},5" for n in range(97)], [f"{n}.5" for n in range(97)]
    german = {"number": {"thousands": ".", "decimal": ","}}
    alone = only(judged, doubt)
    assert alone.feature == {"number": {}}
    assert alone.is_notable
    assert alone.change == 'x: {number: {thousands: ".", decimal: ","}}'
    assert alone.why.startswith("'2.102' is read as 2.102; if it is 2102 write {number: {thou")
    beside = judged({"x": doubt, "y": comma})["x"]
    assert beside.feature == german
    assert beside.is_notable
    assert beside.change == "x: number"
    assert "from 2102 to 98198" in beside.why
    assert not judged({"x": doubt, "y": point})["x"].is_notable
    assert judged({"x": doubt, "y": comma, "z": point})["x"].feature == {"number": {}}
    assert judged({"x": doubt, "y": THOUSANDS})["x"].feature == german
    assert only(judged, doubt, decimal=",").feature == german
    euros = only(judged, [f"{text} €" for text in doubt])
    assert euros.change == 'x: {number: {unit: "€"}}'
    turned = judged({"x": ["1,234", "2,345"] * 30, "y": comma})["x"]
    assert turned.feature == {"number": {"decimal": ","}}
    assert turned.is_notable


def test_a_few_cells_written_otherwise_are_named_and_rejected(judged: Judged) -> None:
    cells = shuffled([*(f"¥{n},{n % 900 + 100}.5" for n in range(1, 999)), "¥1.45起", "¥2起"])
    found = only(judged, cells)
    assert found.feature == {"number": {"thousands": ",", "unit": "¥"}}
    assert found.is_notable
    assert "2 cells such as '¥" in found.why
    assert "起' cannot be read and their rows are rejected" in found.why
    fitted = make_step("stoker.features", found.feature, Feature).fit(pa.chunked_array([cells]))
    bad = {cell.found: cell.reason for cell in fitted.transform(pa.array(cells)).bad}
    assert bad.keys() == {"¥1.45起", "¥2起"}
    assert bad["¥2起"] == "has '起' beside the digits; write the digits alone"


@pytest.mark.parametrize("bare", [0, 1])
def test_units_that_nothing_brings_together_are_told_whatever_they_become(
    judged: Judged, bare: int
) -> None:
    for units in (["foo", "bar"], ["kg", "m"]):
        cells = [f"{n} {units[n % 3 > 1]}" for n in range(90)] + [f"{n}" for n in range(30 * bare)]
        for several in (cells, cells[:30] * 20):
            found = only(judged, several)
            assert found.kind != "number"
            assert found.is_notable
            said = f"{{number: {{unit: {{'{units[0]}': 1, '{units[1]}': N}}}}}}"
            assert said in found.why
    mixed = [f"{n} kg" if n % 2 else f"{n} g" if n % 3 else f"{n}" for n in range(99)]
    found = only(judged, mixed)
    assert found.is_notable
    assert "without one are in 'kg' write {number: {unit: {'g': 0.001, 'kg': 1}}}" in found.why
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    assert not only(judged, [f"{1960 + n // 12} {months[n % 12]}" for n in range(99)]).is_notable
    assert not only(judged, [f"{n % 12 + 1} {'ap'[n % 2]}m" for n in range(99)]).is_notable
    assert not only(judged, ["2 Zimmer", "3 Zimmer", "EG 1"] * 30).is_notable


def test_degrees_in_several_units_become_one(judged: Judged) -> None:
    cells = [f"{n}.5°C" if n % 3 else f"{n * 1.8 + 32:.1f} °F" for n in range(5, 90)]
    found = only(judged, cells)
    assert found.feature == {"number": {"unit": {"°C": 1, "°F": (5 / 9, 32)}}}
    assert "32 °F is 0 °C and each more is 0.555556 °C more" in found.why
    assert found.written == '{number: {unit: {"°C": 1, "°F": [0.5555555555555556, 32]}}}'
    bare = only(judged, [*cells, *(f"{n}" for n in range(30))])
    assert "in '°C' write {number: {unit: {'°C': 1, '°F': [0.5555555555555556, 32]}}}" in bare.why
    assert "multiplies" not in bare.why


def test_measured_values_never_mean_that_nothing_is_known(judged: Judged) -> None:
    cells = [*(f"{n / 7:.3g}" for n in range(500)), *["5+", "60+", "k.A."] * 12]
    found = only(judged, cells)
    assert found.feature is None
    assert fits(found.change, cells) == [cell in {"5+", "60+", "k.A."} for cell in cells]
    assert "93% of its values are numbers, the others are few texts" in found.why


def test_units_of_another_size_are_not_dropped(judged: Judged) -> None:
    cells = [*(f"{n} mg" for n in range(400, 440)), *(f"0.{n}" for n in range(40, 50))]
    assert only(judged, cells).kind != "number"
    assert only(judged, ["0.1", "20 %", "0.3", "45 %"] * 20).kind == "category"


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (("{}%", "0,{}"), "write {number: {decimal: ',', unit: {'%': 0.01}}} to read"),
        (("{} min", "0:{}"), "some are written as on a clock ('0:10')"),
        (("10{}.5", "10{},25"), "write {number: {decimal: either}} to read both"),
    ],
)
def test_numbers_written_in_two_ways_are_told_whatever_they_become(
    judged: Judged, ways: tuple[str, str], said: str
) -> None:
    cells = [way.format(n) for n in range(10, 60) for way in ways]
    for several in (cells, cells * 9):
        found = only(judged, several)
        assert found.kind != "number"
        assert found.is_notable
        assert said in found.why
    with pytest.raises(DataError) as caught:
        Number().fit(pa.chunked_array([[cell for cell in cells if not cell.endswith(".5")]]))
    assert "letters that differ" not in str(caught.value)


def test_shares_and_per_cents_are_read_with_the_line_that_is_told() -> None:
    fitted = Number.model_validate({"decimal": ",", "unit": {"%": 0.01}}).fit(
        pa.chunked_array([["47%", "0,97", "9 %"]])
    )
    found = fitted.transform(pa.array(["47%", "0,97", "9 %"]))
    assert found.values.tolist() == pytest.approx([0.47, 0.97, 0.09])
    assert found.unseen_N is None


@pytest.mark.parametrize(
    ("ways", "line"),
    [
        (
            ("{}%", "0,{}"),
            "{number: {decimal: ',', unit: {'%': 0.01}, missing: {also: [\"n/d\"]}}}",
        ),
        (("10{}.5", "10{},25"), '{number: {decimal: either, missing: {also: ["n/d"]}}}'),
    ],
)
def test_words_among_numbers_written_in_two_ways_are_named_beside_them(
    judged: Judged, ways: tuple[str, str], line: str
) -> None:
    cells = [way.format(n) for n in range(10, 60) for way in ways]
    cells = shuffled([*cells * 9, *["n/d"] * 80])
    found = only(judged, cells)
    assert found.is_notable
    assert f"write {line} to read" in found.why
    assert fits(f"x: {line}", cells) == [cell == "n/d" for cell in cells]


@pytest.mark.parametrize("beside", [["~{}"], ["ca. {}"], ["{} (est.)"], ["≈ {}", "{}*"]])
@pytest.mark.parametrize("point", [".", ","])
@pytest.mark.parametrize("step", [1, 37])
def test_numbers_that_are_guesses_are_told_with_the_line_that_reads_them(
    judged: Judged, beside: list[str], point: str, step: int
) -> None:
    numbers = [f"{n * step / 100:.2f}".replace(".", point) for n in drawn(2_000, 50, 400)]
    ways = ["{}", "{}", "{}", *beside]
    cells = [ways[n % len(ways)].format(number) for n, number in enumerate(numbers)]
    found = only(judged, cells)
    assert found.is_notable
    assert found.feature is not None or found.is_doubtful
    assert "some are numbers with something beside them, such as" in found.why
    assert not any(fits(found.change, cells))


def test_numbers_with_what_cannot_be_dropped_are_told(judged: Judged) -> None:
    behind = ["", "", "", " mild", " none/7"]
    numbers = [f"{n / 7919:.4f}" for n in drawn(2_000, 100, 23_000)]
    cells = [f"{number}{behind[n % len(behind)]}" for n, number in enumerate(numbers)]
    found = only(judged, cells)
    assert found.feature is None
    assert found.is_doubtful
    assert "write the numbers alone in the file" in found.why


@pytest.mark.parametrize(
    ("form", "signs"),
    [
        ("{}{:,.2f}", {"thousands": ","}),
        ("{} {:,.2f}", {"thousands": ","}),
        ("{}{:.2f}", {}),
        ("{}{:_.2f}", {"thousands": ".", "decimal": ","}),
    ],
)
def test_the_line_for_two_currencies_reads_their_signs_too(
    judged: Judged, form: str, signs: dict[str, str]
) -> None:
    cells = [form.format("$€"[n % 2], n / 7) for n in drawn(300, 5_000, 90_000)]
    if "decimal" in signs:
        cells = [cell.replace(".", ",").replace("_", ".") for cell in cells]
    found = only(judged, cells)
    assert found.is_doubtful
    line = found.why.partition("write ")[2].partition(", where")[0].replace("N", "1.1")
    options = parse_yaml(line).value["number"]
    assert options == {**signs, "unit": {"$": 1, "€": 1.1}} or options["unit"] == {"€": 1, "$": 1.1}
    assert {name: options[name] for name in options if name != "unit"} == signs
    assert not any(fits(f"x: {line}", cells))


@pytest.mark.parametrize("majors", [[3], [1, 2, 3]])
@pytest.mark.parametrize("minors", [range(1, 13), range(8, 12), range(21)])
def test_versions_are_names_and_told(judged: Judged, majors: list[int], minors: range) -> None:
    versions = [f"{major}.{minor}" for major in majors for minor in minors]
    found = only(judged, versions * 20)
    assert found.feature == {"category": {}}
    assert found.is_notable
    assert "they look like versions: as a number '" in found.why
    assert found.change == "x: number"


@pytest.mark.parametrize(
    "cells",
    [
        [f"{n / 10:.2f}" for n in range(10, 60)],
        [f"{n / 10:.1f}" for n in range(10, 60)],
        ["1.5", "1.50", "2.25", "2.75", "3", "3.10"],
        [str(n / 100) for n in range(100, 200)],
        ["4.5", "4.10", "4.15", "4.20", "4.25"],
    ],
)
def test_prices_and_scores_are_no_versions(judged: Judged, cells: list[str]) -> None:
    assert only(judged, cells * 20).feature == {"number": {}}


def clock(minutes: int, form: str) -> str:
    return form.format(h=minutes // 60, m=minutes % 60, d=minutes // 1440, r=minutes // 60 % 24)


@pytest.mark.parametrize(
    "form",
    [
        "{h}:{m:02}:00",
        "{d} days {r:02}:{m:02}:00",
        "{d} days, {r}:{m:02}:00.0",
        "{d}天{r}:{m:02}:00",
    ],
)
@pytest.mark.parametrize("most", [3_000, 90_000])
def test_durations_beyond_a_day_are_seconds(judged: Judged, form: str, most: int) -> None:
    minutes = drawn(500, 0, most)
    cells = [clock(one, form) for one in minutes]
    found = only(judged, cells)
    assert found.feature == {"number": {"clock": "hours"}}
    assert found.is_notable
    assert "durations in seconds" in found.why
    read = Number.model_validate(found.feature["number"]).read(pa.array(cells)).value_N
    assert read.tolist() == [60 * one for one in minutes]


def test_two_parts_are_minutes_beside_three(judged: Judged) -> None:
    seconds = drawn(500, 1_200, 7_200)
    cells = [
        f"{n // 60}:{n % 60:02}" if n < 3_600 else f"{n // 3600}:{n // 60 % 60:02}:{n % 60:02}"
        for n in seconds
    ]
    found = only(judged, cells)
    assert found.feature == {"number": {"clock": "minutes"}}
    assert Number(clock="minutes").read(pa.array(cells)).value_N.tolist() == seconds


def test_durations_of_two_parts_are_told_with_the_line_that_reads_them(judged: Judged) -> None:
    cells = [clock(one, "{h}:{m:02}") for one in drawn(500, 0, 3_000)]
    found = only(judged, cells)
    assert found.feature is None
    assert found.is_doubtful
    assert "durations of two parts" in found.why
    assert not any(fits(found.change, cells))


@pytest.mark.parametrize("form", ["{h}:{m:02}:00", "{h}:{m:02}"])
def test_times_of_day_are_no_durations(judged: Judged, form: str) -> None:
    cells = [clock(one, form) for one in drawn(500, 0, 1_440)]
    assert only(judged, [*cells, "24:00:00"]).feature == {"timestamp": {}}


@pytest.mark.parametrize("sides", ["EW", "OW", "EO", "NS"])
@pytest.mark.parametrize("degree", ["\u00b0", "", "\u00b0 "])
@pytest.mark.parametrize("point", [".", ","])
def test_a_side_of_the_compass_is_a_sign(
    judged: Judged, sides: str, degree: str, point: str
) -> None:
    above, below = sides
    numbers = [n / 7919 for n in drawn(2_000, -23_000, 23_000)]
    texts = [f"{abs(n):.4f}".replace(".", point) for n in numbers]
    cells = [f"{t}{degree}{below if n < 0 else above}" for t, n in zip(texts, numbers, strict=True)]
    found = only(judged, cells)
    line = found.change if found.feature is None else f"x: {feature_yaml(found.feature)}"
    assert (found.feature is not None) == bool(degree)
    assert found.feature is not None or found.is_doubtful
    options = parse_yaml(line).value["x"]["number"]
    read = Number.model_validate(options).read(pa.array(cells)).value_N
    assert read == pytest.approx(np.round(numbers, 4))


def test_a_side_beside_a_sign_is_told_and_turned_by_nobody(judged: Judged) -> None:
    cells = [f"{n / 7919:.4f}°{'W' if n < 0 else 'E'}" for n in range(-900, 900)]
    found = only(judged, cells)
    assert found.feature is None
    assert found.is_doubtful
    assert "if none has a minus too" in found.why


@pytest.mark.parametrize(
    "cells",
    [
        [f"{'EIJ'[n % 3]}{n % 89 + 10}.{n % 10}" for n in range(900)],
        [f"v{n % 7}.{n % 83}" for n in range(900)],
        [f"{n % 9 + 1}.{n % 83}{'abc'[n % 3]}" for n in range(900)],
        [f"{n % 190 + 1}{('', 'A', 'B')[n % 3]}" for n in range(900)],
        [f"1.{n % 7} {('TDI', 'TSI')[n % 2]}" for n in range(900)],
    ],
)
def test_codes_versions_and_sections_are_no_numbers_with_something_beside(
    judged: Judged, cells: list[str]
) -> None:
    assert "beside them" not in only(judged, cells).why


def test_a_sign_that_may_mean_two_things_is_told(judged: Judged) -> None:
    found = only(judged, ["1,234", "2,345"] * 30)
    assert found.feature == {"number": {"thousands": ","}}
    assert found.is_notable
    assert found.change == 'x: {number: {decimal: ","}}'
    assert not only(judged, ["1,234,567", "2,345"] * 30).is_notable


def test_what_is_beyond_a_limit_of_detection_is_told(judged: Judged) -> None:
    found = only(judged, ["<0.5"] * 90 + [f"{n}.5" for n in range(60)] + [">65"])
    assert found.feature == {"number": {"censored": True}}
    assert found.is_notable
    assert found.why.startswith("91 cells beyond a limit ('<0.5' 90, '>65' 1) are read as that")


@pytest.mark.parametrize(
    "cells",
    [
        ["<=50K", ">50K"] * 60,
        ["<18", "18-25", "26-65", ">65"] * 30,
        ["<1", "1", "2", "3", ">3"] * 30,
    ],
)
def test_names_of_classes_with_a_sign_of_a_limit_are_categories(
    judged: Judged, cells: list[str]
) -> None:
    assert only(judged, cells).feature == {"category": {}}


def test_a_code_with_and_without_zeros_in_front_is_told(judged: Judged) -> None:
    found = only(judged, ["007", "7", "12"] * 20)
    assert found.feature == {"category": {}}
    assert found.is_notable
    assert "'007' and '7' stay values of their own" in found.why


@pytest.mark.parametrize(
    "cells",
    [
        shuffled(["C1", "D2", "E5", "A1", "G1"] * 20),
        shuffled([f"T{n:02}" for n in range(20)] * 20),
        ["1. White", "2. Black", "3. Asian"] * 20,
        ["4WD", "2WD"] * 30,
        ["5 kg", "300 m", "2 lb"] * 30,
        [f"0{n % 9}123" for n in range(60)],
        ["007", "012"] * 30,
        [*map(str, range(40))] * 30 + ["X363"] * 30,
        ["3", "4", "N"] * 40,
        ["-", "NA"] * 50,
        ["5", "-"] * 50,
        ["医生", "老师", "农民"] * 20,
        [f"2-{n % 9}-{n % 7}" for n in range(300)],
    ],
)
def test_codes_grades_and_words_are_categories_in_silence(judged: Judged, cells: list[str]) -> None:
    found = only(judged, cells)
    assert found.feature == {"category": {}}
    assert not found.is_notable
    assert "digits alone" not in found.why + found.change


def test_categories_follow_the_rows(judged: Judged) -> None:
    towns = [f"town {n}" for n in drawn(20_000, 0, 2_000)]
    assert only(judged, towns).feature == {"category": {}}
    assert only(judged, [f"W{n}" for n in drawn(300, 0, 120)]).feature == {"category": {}}


@pytest.mark.parametrize(
    "kind", [pa.int64(), pa.uint64(), pa.string(), pa.decimal128(20, 0)], ids=str
)
def test_long_whole_numbers_that_repeat_are_codes(judged: Judged, kind: pa.DataType) -> None:
    texts = [str(1_700_000_000_000_000_000 + n % 4) for n in range(200)]
    cells = pa.array(texts) if kind == pa.string() else pa.array(map(int, texts), pa.int64())
    cells = cells.cast(pa.decimal128(20, 0)).cast(kind) if pa.types.is_decimal(kind) else cells
    found = only(judged, cells if pa.types.is_decimal(kind) else cells.cast(kind))
    assert found.feature == {"category": {}}
    assert "2**53" in found.why


def test_large_floats_are_measured(judged: Judged) -> None:
    assert only(judged, [1e18 * (n % 7) for n in range(99)]).kind == "number"


def test_few_texts_among_numbers_mean_that_nothing_is_known(judged: Judged) -> None:
    cells = shuffled([*[f"{n / 9:.2f}" for n in range(900)], *["无"] * 60, *["未做"] * 40])
    found = only(judged, cells)
    assert set(found.feature["number"]["missing"]) > {"无", "未做", "?", "NA"}
    assert found.written == '{number: {missing: {also: ["无", "未做"]}}}'
    assert found.is_notable
    assert "'无' 60, '未做' 40" in found.why
    assert found.change == "x: category"


# --- the type in the file ------------------------------------------------------------------------


def fits(line: str, cells: list[str]) -> list[bool]:
    """Whether each cell is missing where a line of a recipe reads them; none is bad."""
    (step,) = parse_yaml(line).value.values()
    feature = make_step("stoker.features", {step: {}} if isinstance(step, str) else step, Feature)
    read = feature.fit(pa.chunked_array([cells])).transform(pa.array(cells))
    assert read.bad == ()
    is_nan_NP = np.isnan(np.reshape(read.values, (len(cells), -1)))
    return [bool(is_nan_P.all()) for is_nan_P in is_nan_NP]


@pytest.mark.parametrize(
    "word", ["#DIV/0!", "#N/A", "#NV", "#VALUE!", "#WERT!", "#BEZUG!", "#NUM!"]
)
@pytest.mark.parametrize("decimal", [".", ","])
def test_errors_of_a_spreadsheet_are_missing_and_told(
    judged: Judged, word: str, decimal: str
) -> None:
    cells = [word if n % 12 == 0 else f"{n / 7:.2f}".replace(".", decimal) for n in range(600)]
    found = only(judged, cells)
    assert found.kind == "number"
    missing = fits(f"x: {found.written}", cells)
    assert missing == [cell == word for cell in cells]
    if word != "#N/A":
        assert found.is_notable
        assert f"errors of a spreadsheet ('{word}' 50) are taken to mean that" in found.why


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(
    ("words", "share"),
    [(["Q7?"], 25), (["x1", "y2", "z3"], 25), ([f"w{n}-" for n in range(12)], 20)],
)
def test_numbers_with_odd_words_are_never_a_category_in_silence(
    judged: Judged, words: list[str], share: int, decimal: str
) -> None:
    generator = random.Random(1)
    cells = [
        words[n // share % len(words)]
        if n % share == 0
        else f"{generator.gauss(0, 1):.2f}".replace(".", decimal)
        for n in range(800)
    ]
    found = only(judged, cells)
    assert found.kind == "number"
    assert found.is_notable
    assert "of its values are numbers, the others are" in found.why
    assert fits(found.change, cells) == [cell in words for cell in cells]


def test_repeated_measurements_with_a_code_of_an_error_are_told(judged: Judged) -> None:
    numbers = [f"{n / 100 - 2:.2f}" for n in drawn(2_910, 0, 400)]
    cells = shuffled([*numbers, *["E1"] * 90])
    found = only(judged, cells)
    assert found.kind == "category"
    assert found.is_notable
    assert "97% of its values are numbers, the others are few texts ('E1' 90)" in found.why
    assert found.change == 'x: {number: {missing: {also: ["E1"]}}}'
    assert fits(found.change, cells) == [cell == "E1" for cell in cells]
    grades = shuffled([*["1.3", "2.7", "3.0", "5.0"] * 700, *["E1"] * 90])
    assert not only(judged, grades).is_notable


@pytest.mark.parametrize("point", [".", "\N{FULLWIDTH FULL STOP}"])
def test_full_width_digits_are_numbers(judged: Judged, point: str) -> None:
    wide = {ord("0") + n: ord("\N{FULLWIDTH DIGIT ZERO}") + n for n in range(10)}
    whole = [str(n).translate(wide) for n in drawn(3_000, 100, 999)]
    broken = [f"{n / 100:.2f}".translate(wide).replace(".", point) for n in drawn(3_000, 50, 400)]
    for cells in (whole, broken):
        found = only(judged, cells)
        assert found.feature == {"number": {}}
        assert not any(fits(f"x: {found.written}", cells))


@pytest.mark.parametrize("num_words", [15, 20, 21, 50])
def test_words_that_the_line_does_not_name_are_counted(judged: Judged, num_words: int) -> None:
    numbers = [f"{n / 7:.3g}" for n in range(2_000)]
    cells = shuffled(
        [*numbers, *(f"see {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(num_words))]
    )
    found = only(judged, cells)
    more = max(0, num_words - 20)
    said = f"names the 20 commonest, without those of {counted(more, 'cells')} more"
    assert (said in found.why) == bool(more), found.why
    assert fits(found.change, [cell for cell in cells if cell[0] != "s"]) == [False] * 2_000
    assert found.change.count("see ") == min(num_words, 20)


def test_a_dictionary_of_digits_is_a_category(judged: Judged) -> None:
    digits = pa.array(["1", "2"] * 30)
    assert only(judged, digits).feature == {"number": {}}
    told = {"x": "dictionary<values=string, indices=int8, ordered=0>"}
    assert only(judged, digits, declared=told).feature == {"category": {}}


def test_types_decide(judged: Judged) -> None:
    start = dt.datetime(2024, 1, 1)
    found = judged(
        {
            "flag": pa.array([True, False] * 30),
            "stamp": pa.array([start + dt.timedelta(hours=n) for n in range(60)]),
            "day": pa.array([(start + dt.timedelta(n)).date() for n in range(60)]),
            "clock": pa.array([dt.time(n % 24) for n in range(60)]),
            "span": pa.array([dt.timedelta(n % 7) for n in range(60)]),
            "raw": pa.array([b"a", b"b"] * 30),
            "fixed": pa.array([b"ab", b"cd"] * 30, pa.binary(2)),
            "many": pa.array([[1], [2]] * 30),
            "photo": list(range(60)),
        },
        media=("photo",),
    )
    kinds = {name: choice.kind for name, choice in found.items()}
    assert kinds == {
        "flag": "boolean",
        **dict.fromkeys(("stamp", "day", "clock"), "timestamp"),
        "span": "number",
        "raw": "bytes",
        "fixed": "bytes",
        "many": "nested",
        "photo": "image",
    }
    offered = {name for name, choice in found.items() if choice.feature is not None}
    assert offered == {"flag", "span", "photo", "stamp", "day", "clock"}


def test_every_choice_can_be_fitted(profiled: Profiled) -> None:
    """Whatever is offered to a column, its feature takes, for each kind of column at once."""
    start = dt.datetime(2024, 1, 1)
    columns: dict[str, Any] = {
        "int8": pa.array([n % 5 for n in range(60)], pa.int8()),
        "uint64": pa.array([2**63 + n % 3 for n in range(60)], pa.uint64()),
        "float32": pa.array([n / 7 for n in range(60)], pa.float32()),
        "bool": pa.array([n % 2 == 0 for n in range(60)]),
        "decimal": pa.array([Decimal(n % 9) for n in range(60)], pa.decimal128(9, 2)),
        "date": pa.array([(start + dt.timedelta(n % 9)).date() for n in range(60)]),
        "stamp": pa.array([start + dt.timedelta(n % 9) for n in range(60)], pa.timestamp("ms")),
        "zoned": pa.array(
            [start + dt.timedelta(n % 9) for n in range(60)], pa.timestamp("us", "UTC")
        ),
        "time": pa.array([dt.time(n % 9) for n in range(60)], pa.time64("us")),
        "span": pa.array([dt.timedelta(n % 9) for n in range(60)], pa.duration("s")),
        "bytes": pa.array([b"a", b"b"] * 30),
        "yes": pa.array(["yes", "No"] * 30),
        "days": pa.array(["13.02.2024", "01.03.2024"] * 30),
        "clock": pa.array(["10:30", "11:45"] * 30),
        "prose": pa.array([f"a fine day number {n} of many" for n in range(60)]),
    }
    for choice in judge(profiled(columns)):
        if choice.feature is not None:
            cells = pa.chunked_array([columns[choice.column]])
            fitted = make_step("stoker.features", choice.feature, Feature).fit(cells)
            assert fitted.transform(cells).bad == (), choice


# --- moments and truth in text ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        ([f"2024/{n // 28 + 1}/{n % 28 + 1}" for n in range(100)], {}),
        ([f"2024年{n // 28 + 1}月{n % 28 + 1}日" for n in range(100)], {}),
        ([f"2024-01-{n % 28 + 1:02}T{n % 24:02}:30:00Z" for n in range(100)], {}),
        ([f"2024{n // 28 + 1:02}{n % 28 + 1:02}" for n in range(100)], {}),
        ([f"{n % 28 + 1} Mar 2024" for n in range(100)], {}),
        ([f"March {n % 28 + 1}, 2024" for n in range(100)], {}),
        ([f"{n % 24}:{n % 60:02}" for n in range(200)], {}),
        ([f"{n % 28 + 1}/{n // 28 + 1}/2024" for n in range(100)], {"order": "day_first"}),
        ([f"{n // 28 + 1}/{n % 28 + 1}/2024" for n in range(100)], {"order": "month_first"}),
        ([f"0{n % 9 + 1}/0{n % 7 + 1}/2024" for n in range(100)], {"order": "day_first"}),
        (
            [f"{n // 28 + 1}/{n % 28 + 1}/24" for n in range(100)],
            {"order": "month_first", "short_years": True},
        ),
    ],
)
def test_days_in_text(judged: Judged, cells: list[str], options: dict[str, Any]) -> None:
    found = only(judged, cells)
    assert found.feature == {"timestamp": options}
    assert found.is_notable == ("nothing tells" in found.why)
    fitted = make_step("stoker.features", found.feature, Feature).fit(pa.chunked_array([cells]))
    assert fitted.transform(pa.array(cells)).bad == ()


@pytest.mark.parametrize(
    "cells",
    [
        ["yes", "no"],
        ["Y", "N"],
        ["TRUE", "false", "True"],
        ["是", "否"],
        ["ja", "Ja", "JA ", "nein", "J"],
    ],
)
def test_words_for_yes_and_no(judged: Judged, cells: list[str]) -> None:
    assert only(judged, cells * 30).feature == {"boolean": {}}


@pytest.mark.parametrize(
    ("cells", "word"),
    [(["ja", "nein"], "k.A."), (["是", "否"], "/"), (["ja", "J", "nein", "N"], "weiß nicht")],
)
def test_few_other_words_among_yes_and_no_mean_that_nothing_is_known(
    judged: Judged, cells: list[str], word: str
) -> None:
    cells = [word if n % 50 == 0 else cells[n % len(cells)] for n in range(600)]
    found = only(judged, cells)
    assert found.kind == "boolean"
    assert found.is_notable
    assert f"{word!r} is taken to mean that nothing is known" in found.why
    assert fits(f"x: {found.written}", cells) == [cell == word for cell in cells]
    assert only(judged, [*cells, *[word] * 90]).kind == "category"
    assert (
        only(judged, [cell for cell in cells if cell not in {"nein", "N", "否"}]).kind != "boolean"
    )


# --- what names rows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("x", shuffled(range(1, 501))),
        ("x", shuffled(range(100_000, 101_000))),
        ("x", [f"K{n:05}" for n in range(100)]),
        ("x", [f"{n:08x}-12ab-4c3d-9e8f-{n * 7919:012x}" for n in range(100)]),
        ("x", [f"user{n}@example.org" for n in range(100)]),
        ("x", [f"Mazda{n} RX{n * 3}" for n in range(60)]),
        ("x", [*range(1, 200), *range(90_000, 90_300)]),
        ("x", shuffled(range(7, 900, 2))),
        ("x", [str(n) for n in shuffled(range(1, 501))]),
        ("x", shuffled(map(float, range(1, 501)))),
        ("x", random.Random(0).sample(range(10**6), 20_000)),
        ("x", shuffled(2**53 + n * n * 1000 for n in range(1, 60))),
        ("x", [str(2**64 + n * n * 1000) for n in range(1, 60)]),
        *((name, [n * n * n for n in range(60)]) for name in ("id", "Id", "user_id", "customerID")),
        *(
            (name, [n * n * n for n in range(60)])
            for name in ("UUID", "编号", "序号", "卡号", "用户ID")
        ),
    ],
)
def test_identifiers_are_no_inputs(judged: Judged, name: str, cells: list[Any]) -> None:
    found = only(judged, cells, name)
    assert (found.kind, found.feature) == ("identifier", None)
    assert found.is_notable
    assert found.change.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("x", [n * n for n in range(60)]),
        ("x", [n + 0.5 for n in range(60)]),
        ("x", shuffled(range(1, 40))),
        ("x", [n // 2 for n in range(100)]),
        ("x", drawn(20_000, 0, 10**6)),
        ("year", list(range(1950, 2020))),
        ("信号", [n * n for n in range(60)]),
        ("paid", [n * n for n in range(60)]),
        ("user", [n % 9 for n in range(100)]),
        ("large", [f"{n}" + "0" * 50 for n in range(1, 101)]),
    ],
)
def test_measurements_stay_numbers(judged: Judged, name: str, cells: list[Any]) -> None:
    assert only(judged, cells, name).feature == {"number": {}}


@pytest.mark.parametrize(
    "cells",
    [
        [f"a sentence of its own, number {n}" for n in range(60)],
        [f"顾客第{n}次购买商品后非常满意" for n in range(60)],
        [f"Smith{n}, Mr. John Henry" for n in range(60)],
    ],
)
def test_free_text(judged: Judged, cells: list[str]) -> None:
    found = only(judged, cells)
    assert found.kind == "text"
    assert found.feature == {"text": {}}


def test_notes_of_which_some_are_written_again_are_text(judged: Judged) -> None:
    parts = ["Kopfschmerzen", "RR zu hoch", "AU bis Freitag", "Pat. ruft an", "Knie geschwollen"]
    notes = [f"{a}; {b} {n}" for a in parts for b in parts for n in range(9)]
    cells = (notes * 4)[: 3 * len(notes) + 20]
    assert only(judged, cells).feature == {"text": {}}


def test_infinite_cells_are_missing_and_told(judged: Judged) -> None:
    found = only(judged, pa.array([n / 7 for n in range(60)] + [float("inf")] * 4))
    assert found.kind == "number"
    assert found.is_notable
    assert "4 infinite cells are taken to mean that nothing is known" in found.why
    assert found.feature is not None
    assert {"inf", "-inf"} < set(found.feature["number"]["missing"])


def test_days_in_two_orders_are_told_as_that(judged: Judged) -> None:
    pairs = list(
        zip(drawn(300, 13, 29), drawn(300, 1, 13, 1), drawn(300, 2000, 2025, 2), strict=True)
    )
    cells = [f"{day}/{month}/{year}" for day, month, year in pairs[:160]]
    cells += [f"{month}/{day}/{year}" for day, month, year in pairs[160:]]
    found = only(judged, cells)
    assert found.feature is None
    assert found.why == "only 160 of 300 values are days in one order"


def test_several_numbers_in_a_cell_are_no_identifier(judged: Judged) -> None:
    pressures = [
        f"{high}/{low}"
        for high, low in zip(drawn(900, 90, 190), drawn(900, 60, 110, 1), strict=True)
    ]
    sizes = [
        f"{wide} x {high},5"
        for wide, high in zip(drawn(90, 10, 99), drawn(90, 10, 99, 1), strict=True)
    ]
    for cells in (pressures, sizes):
        found = only(judged, cells)
        assert (found.kind, found.feature, found.change) == ("numbers", None, "x: text")
        assert "several numbers each, such as '" in found.why
        assert found.is_notable
    assert only(judged, ["130/85", "120/80", "140/90"] * 30).feature == {"category": {}}


def test_a_unit_behind_several_numbers_changes_nothing(judged: Judged) -> None:
    each = list(zip(drawn(900, 90, 190), drawn(900, 60, 110, 1), strict=True))
    some = [f"{high}/{low}{'mmHg' if n % 2 else ''}" for n, (high, low) in enumerate(each)]
    marked = ["/" if n % 20 == 0 else f"{high}/{low} mmHg" for n, (high, low) in enumerate(each)]
    for cells in (some, marked):
        found = only(judged, cells)
        assert found.kind == "numbers"
        assert found.is_notable
        assert "hold several numbers each, such as '" in found.why
        assert "such as '/'" not in found.why


def test_names_of_several_words_are_offered_as_text(judged: Judged) -> None:
    names = [f"{chr(65 + n % 26)}{n}ton Road{n}" for n in range(90)]
    found = only(judged, names)
    assert (found.kind, found.change) == ("identifier", "x: text")
    assert only(judged, [f"K{n:05}" for n in range(100)]).change == "x: category"


def test_values_that_differ_in_case_only_are_told(judged: Judged) -> None:
    found = only(judged, ["Barmer", "BARMER ", "barmer", "AOK"] * 30)
    assert found.feature == {"category": {}}
    assert "some differ in case, width or blanks only: 'Barmer' and 'BARMER'" in found.why
    assert "; {category: {fold: true}} makes one of them" in found.why
    assert found.change == "x: {category: {fold: true}}"
    assert "differ in case" not in only(judged, ["Barmer", "Barmer ", "AOK"] * 30).why


@pytest.mark.parametrize("name", ["Patient", "patient_id", "PatientID", "Kunden-Nr.", "客户编号"])
def test_numbers_that_name_what_has_several_rows_are_no_measurements(
    judged: Judged, name: str
) -> None:
    few = [10_000 + 293 * n for n in drawn(900, 0, 100)]
    many = [10_000 + 293 * n for n in drawn(900, 0, 400)]
    assert only(judged, few, name).feature == {"category": {}}
    found = only(judged, many, name)
    assert (found.kind, found.feature, found.is_notable) == ("identifier", None, True)


# --- columns without a word ------------------------------------------------------------------


def test_columns_that_never_change(judged: Judged) -> None:
    found = judged(
        {
            "empty": pa.nulls(60, pa.string()),
            "same": ["x"] * 60,
            "one": [7.5] * 60,
            "sometimes": ["basement"] * 20,
            "marked": [1, *[None] * 3] * 15,
            "marked_text": ["1", *[""] * 3] * 15,
            "almost": [1] * 58 + [None] * 2,
            "rest": [0, 1] * 30,
        }
    )
    assert {name: choice.kind for name, choice in found.items()} == {
        "empty": "empty",
        "same": "constant",
        "one": "constant",
        "sometimes": "category",
        "marked": "category",
        "marked_text": "category",
        "almost": "constant",
        "rest": "number",
    }


def test_a_sorted_table_is_judged_as_a_shuffled_one(judged: Judged) -> None:
    region = ["north"] * 28_000 + ["south"] * 12_000
    late = [*[None] * 39_000, *map(str, drawn(1_000, 0, 99))]
    code = [*map(str, drawn(39_990, 0, 99)), *["X363"] * 10]
    found = judged({"region": region, "late": late, "code": code})
    mixed = judged({"region": shuffled(region), "late": shuffled(late), "code": shuffled(code)})
    assert found == mixed
    assert [choice.kind for choice in found.values()] == ["category", "number", "category"]


def test_a_column_that_is_kept_out_says_so(profiled: Profiled) -> None:
    (choice,) = judge(profiled({"day": [1, 2] * 30}), left_out={"day": "it divides the rows"})
    assert (choice.feature, choice.why, choice.change) == (
        None,
        "it divides the rows",
        "day: number",
    )


# --- moments with other texts among them ---------------------------------------------------------


@pytest.mark.parametrize("word", ["k.A.", "0000-00-00", "00.00.0000", "9999-99-99", "offen"])
def test_few_words_among_days_mean_that_nothing_is_known(judged: Judged, word: str) -> None:
    cells = [*(f"2024-01-{1 + n % 28:02}" for n in range(300)), *[word] * 30]
    found = only(judged, cells)
    assert found.feature is not None
    step = make_step("stoker.features", found.feature, Feature)
    assert step.fit(pa.chunked_array([cells])).transform(pa.array([word])).bad == ()
    assert found.is_notable
    assert found.why.startswith(f"few texts ({word!r} 30) are taken to mean that nothing is known")


def test_a_day_that_no_calendar_has_is_told_and_rejected(judged: Judged) -> None:
    cells = [*(f"2024-01-{1 + n % 28:02}" for n in range(300)), "2024-02-31"]
    found = only(judged, cells)
    assert found.feature == {"timestamp": {}}
    assert found.why.startswith("1 cell such as '2024-02-31' is no day or time and its row is")


def test_many_words_among_days_are_no_moments(judged: Judged) -> None:
    cells = [*(f"2024-01-{1 + n % 28:02}" for n in range(300)), *["k.A."] * 200]
    assert only(judged, cells).kind != "timestamp"


# --- what is told of columns that are left out, and of cells that are missing --------------------


@pytest.mark.parametrize("sign", ["/", " x ", ":"])
@pytest.mark.parametrize("rows", [1, 2, 8])
def test_several_numbers_in_a_cell_are_told_in_tables_of_any_size(
    judged: Judged, sign: str, rows: int
) -> None:
    cells = shuffled([f"{110 + n}{sign}{60 + n * 7 % 40}" for n in range(80)] * rows)
    found = only(judged, cells)
    assert found.is_notable
    assert found.is_doubtful == (rows < 4)
    assert "a column for each number tells a model more" in found.why


@pytest.mark.parametrize(
    "sign",
    [
        "-",
        " - ",
        "\N{EN DASH}",
        ";",
        "|",
        " | ",
        "~",
        " to ",
        " bis ",
        "至",
        ", ",
        " ",
        "\\",
        " ± ",
    ],
)
@pytest.mark.parametrize("rows", [1, 8])
def test_several_numbers_are_told_whatever_stands_between_them(
    judged: Judged, sign: str, rows: int
) -> None:
    high, low = drawn(300, 95, 180), drawn(300, 55, 110, 1)
    cells = [f"{one}{sign}{two}" for one, two in zip(high, low, strict=True)] * rows
    for form in ("{}", "({})", "{} mmHg"):
        found = only(judged, [form.format(cell) for cell in cells])
        assert found.is_notable, form
        assert found.is_doubtful == (rows == 1)
        assert f"several numbers each, such as '{form.format('')[:1].strip('m ')}" in found.why


def measured_places() -> list[str]:
    return [f"{48 + n % 7}.{100 + n}, {11 + n % 5}.{900 - n}" for n in range(200)]


def test_coordinates_in_one_cell_are_told(judged: Judged) -> None:
    assert "several numbers each" in only(judged, measured_places()).why


@pytest.mark.parametrize(
    "cells",
    [
        [f"{low}-{low + 4}" for low in range(15, 140, 5)] * 9,  # bands of ages
        [f"{low:.1f} - {low + 0.5:.1f}" for low in np.arange(0, 40, 0.5)],
        [f"{month}-{day}" for month in range(1, 13) for day in range(1, 29)],
        [f"{day}-{month}" for month in range(1, 13) for day in range(1, 29)],
        [f"{17 + n}-{18 + n}" for n in range(40)] * 5,  # seasons
        [f"2024-{n}" for n in range(1, 300)],
        [f"030-{100 + n * 7919 % 900}" for n in range(300)],  # telephone numbers
        [f"{100 + n * 7919 % 900}-{1000 + n * 104729 % 9000}" for n in range(300)],
        [f"{100 + n * 7919 % 900}-{100 + n * 613 % 900}-{n % 10}" for n in range(300)],
        [f"{100 + n * 7919 % 900}-{100 + n // 3 * 613 % 900}" for n in range(2_000)],  # codes
        [f"{n * 7919 % 100:02}-{n * 613 % 100:02}" for n in range(900)],
        [f"12345-{n}" for n in range(300)],
    ],
)
def test_bands_days_telephone_numbers_and_codes_are_no_pairs_of_numbers(
    judged: Judged, cells: list[str]
) -> None:
    assert "several numbers" not in only(judged, cells).why


def test_few_sizes_with_a_name_are_a_category_in_silence(judged: Judged) -> None:
    assert not only(judged, ["10x15", "13x18", "20x30"] * 30).is_notable


@pytest.mark.parametrize(
    "cells",
    [
        shuffled([f"1{n}.5" if n % 2 else f"1{n},25" for n in range(400)]),
        shuffled([f"{n % 97}.{n}%" if n % 2 else f"0.{n + 100}" for n in range(400)]),
    ],
)
def test_a_column_that_is_left_out_and_seems_to_tell_something_is_doubtful(
    judged: Judged, cells: list[str]
) -> None:
    found = only(judged, cells)
    assert found.feature is None
    assert found.is_doubtful
    assert not only(judged, [f"order-{n}-x" for n in range(200)]).is_doubtful


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([f"{n / 7:.2f}" for n in range(300)], "number"),
        ([f"2024-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(300)], "timestamp"),
        (["ja", "nein"] * 150, "boolean"),
    ],
)
def test_words_that_are_read_as_missing_are_counted_and_named(
    profiled: Profiled, cells: list[str], kind: str
) -> None:
    profile = profiled({"x": [*cells, *["-"] * 9, "None", None]})
    (found,) = judge(profile)
    assert found.kind == kind
    assert found.why.startswith("10 cells of a spelling that means no value ('-' 9, 'None' 1) are")
    assert found.is_notable
    assert missing_cells(profile.columns[0], found.feature) == 11
    assert missing_words(profile.columns[0], found.feature) == {"-": 9, "None": 1}
    assert missing_cells(profile.columns[0], None) == 1


def test_odd_words_that_a_choice_makes_missing_count_too(profiled: Profiled) -> None:
    profile = profiled({"x": [*(f"{n / 7:.2f}" for n in range(300)), *["k.A."] * 9, " "]})
    (found,) = judge(profile)
    assert missing_words(profile.columns[0], found.feature) == {"k.A.": 9, "": 1}
    assert missing_cells(profile.columns[0], {"category": {}}) == 1


def test_what_is_offered_for_a_category_of_numbers_reads_them(judged: Judged) -> None:
    found = only(judged, [*["1,5", "2,5", "3,5"] * 60, *["n"] * 9])
    assert found.kind == "category"
    assert 'decimal: ","' in found.change
