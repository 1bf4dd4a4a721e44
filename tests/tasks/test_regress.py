"""Regress: the scale there and back, without loss."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.tasks.regress import Regress


@given(st.lists(st.floats(-1e9, 1e9), min_size=2).filter(lambda v: max(v) - min(v) > 1e-3))
def test_decoding_an_encoded_target_gives_it_back(values: list[float]) -> None:
    column = pa.chunked_array([pa.array(values)])
    fitted = Regress().fit(column)
    encoded = fitted.encode(column).values
    back = fitted.decode(encoded[:, None])["prediction"].to_numpy()
    np.testing.assert_allclose(back, values, atol=fitted.std * 1e-6 * (1 + np.abs(encoded).max()))


def test_answers_are_float64() -> None:
    fitted = Regress().fit(pa.chunked_array([["1", "3"]]))
    assert (
        fitted.decode(np.array([[0.5]], np.float32)).schema.field("prediction").type == pa.float64()
    )


def test_text_is_no_number() -> None:
    with pytest.raises(DataError, match="'cat', which is not a number"):
        Regress().fit(pa.chunked_array([["cat", "dog"]]))


def test_decimal_commas_are_declared() -> None:
    fitted = Regress(decimal=",").fit(pa.chunked_array([["1,5", "2,5"]]))
    assert fitted.mean == 2
