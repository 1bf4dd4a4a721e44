"""Categories: vocabulary, codes, and that all types of a value are one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.features._categories import category_texts, missing_categories
from stoker.features.category import Category

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1)


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


def test_a_fraction_or_a_list_is_no_category() -> None:
    assert "fraction" in fit("a").transform(pa.array([0.5])).bad[0].reason
    assert "expected text" in fit("a").transform(pa.array([[1]])).bad[0].reason


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
