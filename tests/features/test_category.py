"""Categories: vocabulary, codes, and that all types of a value are one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.categories import category_texts, missing_categories
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features.category import Category, FittedCategory

EAST = dt.timezone(dt.timedelta(hours=8))
TEXTS = st.lists(st.one_of(st.none(), st.text("abé上 ", max_size=3)), min_size=1)


def fit(*cells: object, **options: object):
    return Category.model_validate(options).fit(pa.chunked_array([pa.array(cells)]))


def test_vocabulary_stands_by_frequency_then_name() -> None:
    fitted = fit("b", "c", "a", "c", "b", "d")
    assert fitted.vocabulary == ("b", "c", "a", "d")
    assert fitted.counts == (2, 2, 1, 1)


def test_unseen_and_missing_are_zero() -> None:
    done = fit("a", "b", None).transform(pa.array(["b", "z", None, "", "  ", " a "]))
    assert done.values.tolist() == [2, 0, 0, 0, 0, 1]
    assert not done.bad


def test_rare_values_and_those_beyond_the_limit_count_as_unseen() -> None:
    assert fit("a", "a", "b", min_count=2).vocabulary == ("a",)
    assert fit("a", "a", "b", "b", "c", max_size=2).vocabulary == ("a", "b")
    with pytest.raises(DataError, match="seen 3 times"):
        fit("a", "b", min_count=3)


def test_a_value_is_the_same_in_every_type() -> None:
    as_text = fit("3", "3", "7")
    for cells in ([3, 7, None], [3.0, 7.0, None]):
        assert as_text.transform(pa.array(cells)).values.tolist() == [1, 2, 0]
    assert fit("true", "false").transform(pa.array([True, False])).values.tolist() == [2, 1]
    assert as_text.transform(pa.array(["3", "7"]).dictionary_encode()).values.tolist() == [1, 2]


def test_a_list_or_bytes_are_no_category() -> None:
    assert "expected text" in fit("a").transform(pa.array([[1]])).bad[0].reason
    assert "is a binary" in fit("a").transform(pa.array([b"a"])).bad[0].reason
    with pytest.raises(DataError, match=r"type duration\[us\], which holds no categories"):
        fit(dt.timedelta(1))


SAME = [
    ([True, "True", "TRUE", "true"], "true"),
    ([3, 3.0, "3", "3.0", Decimal("3.00"), np.float32(3), np.uint8(3)], "3"),
    ([2.5, "2.5", "2.50", Decimal("2.50"), np.float32(2.5)], "2.5"),
    ([0.1, "0.1", Decimal("0.10"), np.float32(0.1)], "0.1"),
    ([0, -0.0, "0", "-0.0"], "0"),
    ([Decimal("12345678901234567891"), "12345678901234567891"], "12345678901234567891"),
    ([np.uint64(2**63), "9223372036854775808"], "9223372036854775808"),
    ([dt.date(2024, 1, 2), dt.datetime(2024, 1, 2), "2024-01-02", "2024-01-02 00:00:00",
      "2024-01-02T00:00:00.000Z", dt.datetime(2024, 1, 2, 8, tzinfo=EAST)], "2024-01-02"),
    ([dt.datetime(2024, 1, 2, 8, 30), "2024-01-02 08:30:00", "2024-01-02T16:30+08:00"],
     "2024-01-02T08:30:00"),
    ([dt.time(8, 30), "08:30:00", "08:30"], "08:30:00"),
]  # fmt: skip


@pytest.mark.parametrize("spellings", [spellings for spellings, _ in SAME])
def test_a_value_is_known_in_every_spelling(spellings: list) -> None:
    for train in spellings:
        fitted = fit(train, train, "other") if isinstance(train, str) else fit(train)
        for asked in spellings:
            done = fitted.transform(pa.array([asked]))
            assert done.values.tolist() == [1], (train, asked)
            assert done.unseen_N is None
            many = fitted.transform(pa.array([asked] * 99))
            assert many.values.tolist() == [1] * 99


@pytest.mark.parametrize(("values", "name"), SAME)
def test_a_type_is_written_canonically(values: list, name: str) -> None:
    assert fit(values[0]).vocabulary == (name,)


def told(*cells: object) -> tuple[FittedCategory, list[str]]:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        return fit(*cells), lines


def test_spellings_in_other_case_stay_apart_and_are_told_once() -> None:
    cells = ["Raucher", "raucher", "RAUCHER ", "nie", "Nie", "x", "früher"]
    answers, lines = told(*cells)
    assert len(answers.vocabulary) == 7
    (line,) = lines
    assert "5 spellings of 2 values differ in case, width or blanks only" in line
    assert "'Raucher', 'raucher', 'RAUCHER'; 'nie', 'Nie'" in line
    assert not told("A1", "B1", "x", "X2")[1]


def test_spellings_in_other_case_are_one_where_the_recipe_says_so() -> None:
    cells = [
        "Raucher",
        "raucher",
        "raucher",
        "RAUCHER ",
        "nie",
        "Nie",
        "\N{FULLWIDTH LATIN SMALL LETTER N}ie",
    ]
    cells += ["7", "07", "True"]
    told_once = told(*cells)[1][-1]
    assert "say category: {fold: true} if they mean the same" in told_once
    feature = Category(fold=True)
    with events.recording() as lines:
        fitted = feature.fit(pa.chunked_array([cells]))
    assert not [line for line in lines if "differ in case" in line.text]
    assert fitted.vocabulary == ("raucher", "nie", "07", "7", "True")
    assert fitted.counts == (4, 3, 1, 1, 1)
    again = FittedCategory.model_validate_json(fitted.model_dump_json())
    asked = pa.array([" RaUcher", "N IE", "07", "7.0", "true", "TRUE", "never", None])
    assert again.transform(asked).values.tolist() == [1, 2, 3, 4, 5, 5, 0, 0]
    moments = feature.fit(pa.chunked_array([["2024-01-31", "2024-02-01"]]))
    assert moments.transform(pa.array(["2024-02-01 00:00:00"])).values.tolist() == [2]


def test_two_spellings_in_one_column_of_text_stay_two_and_are_told() -> None:
    diagnoses, lines = told("250.00", "250.0", "250.00", "7", "007")
    assert diagnoses.transform(pa.array(["250.0", "250.00", "7", "007"])).values.tolist() == [
        3, 1, 4, 2,
    ]  # fmt: skip
    assert diagnoses.transform(pa.array([7, 250])).values.tolist() == [4, 1]
    assert "'250.00' and '250.0', '7' and '007' are categories of their own" in lines[0]


def test_whole_numbers_with_and_without_a_zero_behind_are_one_value() -> None:
    """A table with gaps writes `1.0` where one without writes `1`."""
    floors, lines = told("1", "1.0", "2.0", "01", "unknown")
    assert floors.vocabulary == ("1", "01", "2", "unknown")
    assert floors.transform(pa.array(["1.0", "1", "01", "2"])).values.tolist() == [1, 1, 2, 3]
    assert lines == ["'1' and '01' are categories of their own; write one in the data if they mean "
                     "the same"]  # fmt: skip


def test_a_code_with_a_zero_in_front_is_no_number() -> None:
    done = fit("7", "8").transform(pa.array(["007", "7.", "+7", "7e0"]))
    assert done.values.tolist() == [0] * 4


def test_unseen_cells_are_marked_and_missing_ones_are_not() -> None:
    cells = ["a", "z", None, " ", "b"]
    for column in (cells, cells * 20):
        done = fit("a", "b").transform(pa.array(column))
        assert done.unseen_N is not None
        assert np.flatnonzero(done.unseen_N)[:2].tolist()[0] == 1
        assert done.unseen_N.sum() == len(column) // 5


def test_a_bundle_of_before_knows_all_spellings() -> None:
    old = FittedCategory(vocabulary=("True", "False", "3.0"), counts=(2, 1, 1), had_missing=False)
    assert old.transform(pa.array([True, False])).values.tolist() == [1, 2]
    assert old.transform(pa.array(["3.0", "3", "true"])).values.tolist() == [3, 3, 1]


def test_chinese_emoji_and_dates_are_values_like_others() -> None:
    fitted = fit("上海", "上海", "🦀")
    assert fitted.transform(pa.array(["🦀", "上海"])).values.tolist() == [2, 1]


@given(TEXTS, TEXTS)
def test_codes_are_positions_in_the_counted_order(train: list, other: list) -> None:
    count = Counter(cell.strip() for cell in train if cell is not None and cell.strip())
    if not count:
        return
    order = sorted(count, key=lambda name: (-count[name], name))
    codes = fit(*train).transform(pa.array(other, pa.string())).values
    expected = [
        order.index((c or "").strip()) + 1 if (c or "").strip() in order else 0 for c in other
    ]
    assert codes.tolist() == expected


@given(TEXTS)
def test_missing_is_what_has_no_name(cells: list) -> None:
    column = pa.array(cells, pa.string())
    nameless = category_texts(column).is_null().to_numpy(zero_copy_only=False)
    np.testing.assert_array_equal(missing_categories(column), nameless)
