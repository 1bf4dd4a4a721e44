"""What every feature promises, checked on each file of the stage."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.ragged import rows_between
from stoker.core.errors import ArtifactError, DataError
from stoker.core.steps import find_step, load_stored, step_names, step_spec
from stoker.features import Codes, Feature, FittedFeature, Numbers, Pixels, TokenIds

STAGE = "stoker.features"
NAMES = [*step_names(STAGE), "tests.networks.words:Words"]
"""Those in the tree, and one whose rows have any length."""


@pytest.fixture(params=NAMES)
def feature(request: pytest.FixtureRequest) -> Feature:
    return find_step(STAGE, request.param, Feature)()


@pytest.fixture
def column(feature: Feature, column_for: Callable[[bool], pa.ChunkedArray]) -> pa.ChunkedArray:
    return column_for(feature.media is not None)


def test_gives_one_tensor_a_row_of_the_stated_shape_and_type(
    feature: Feature, column: pa.ChunkedArray
) -> None:
    fitted = feature.fit(column)
    done = fitted.transform(column)
    assert len(done.rows()) == len(column)
    assert done.values.shape[1:] == fitted.shape
    assert done.values.dtype == fitted.dtype
    assert (done.offsets is not None) == fitted.ragged == feature.ragged


def test_says_what_a_network_has_to_know_of_its_tensor(
    feature: Feature, column: pa.ChunkedArray
) -> None:
    fitted = feature.fit(column)
    match fitted.holds:
        case Numbers(scales):
            assert len(scales) == int(np.prod(fitted.shape))
        case Codes(num_codes):
            assert fitted.transform(column).values.max() < num_codes
        case Pixels(channels, height, width):
            assert (channels, height, width) == fitted.shape
        case TokenIds(num_tokens):
            assert fitted.ragged
            assert fitted.transform(column).values.max() < num_tokens
        case None:
            pytest.fail("no network can take it")


def test_a_table_equals_its_rows_one_by_one(feature: Feature, column: pa.ChunkedArray) -> None:
    fitted = feature.fit(column)
    whole = fitted.transform(column)
    for index in range(len(column)):
        alone = fitted.transform(column.slice(index, 1))
        np.testing.assert_array_equal(alone.rows()[0], whole.rows()[index])
        expected = [(0, bad.found, bad.reason) for bad in whole.bad if bad.index == index]
        assert [(bad.index, bad.found, bad.reason) for bad in alone.bad] == expected


def test_survives_json(feature: Feature, column: pa.ChunkedArray) -> None:
    fitted = feature.fit(column)
    again = load_stored(json.loads(json.dumps(step_spec(fitted))), FittedFeature)
    assert again == fitted
    assert step_spec(again) == step_spec(fitted)


def test_chunks_of_a_column_do_not_matter(feature: Feature, column: pa.ChunkedArray) -> None:
    cut = pa.chunked_array([column.slice(i, 1).chunk(0) for i in range(len(column))])
    assert feature.fit(cut) == feature.fit(column)
    fitted = feature.fit(column)
    whole, again = fitted.transform(column), fitted.transform(cut)
    np.testing.assert_array_equal(again.values, whole.values)
    np.testing.assert_array_equal(again.offsets, whole.offsets)


def test_bad_cells_are_named_once_in_order_and_hold_zeros(
    feature: Feature, column: pa.ChunkedArray
) -> None:
    done = feature.fit(column).transform(column)
    indexes = [bad.index for bad in done.bad]
    assert indexes == sorted(set(indexes))
    assert all(bad.reason and len(bad.found) <= 120 for bad in done.bad)
    assert not any(done.rows()[index].any() for index in indexes)


def test_an_empty_column_is_no_row(feature: Feature, column: pa.ChunkedArray) -> None:
    fitted = feature.fit(column)
    none = fitted.transform(column.slice(0, 0))
    assert len(none.rows()) == 0
    assert none.values.shape == (0, *fitted.shape)


def test_nothing_to_learn_from_is_an_error(feature: Feature) -> None:
    kind = pa.large_binary() if feature.media else pa.string()
    with pytest.raises(DataError):
        feature.fit(pa.chunked_array([pa.nulls(3, kind)]))
    with pytest.raises(DataError):
        feature.fit(pa.chunked_array([], kind))


def test_says_what_a_cell_looks_like(feature: Feature, column: pa.ChunkedArray) -> None:
    schema = feature.fit(column).json_schema()
    assert schema["type"]
    assert json.dumps(schema)


@given(st.data())
def test_a_slice_is_transformed_as_it_stands_in_the_whole(
    column_for: Callable[[bool], pa.ChunkedArray], data: st.DataObject
) -> None:
    feature = find_step(STAGE, data.draw(st.sampled_from(NAMES)), Feature)()
    column = column_for(feature.media is not None)
    start = data.draw(st.integers(0, len(column)))
    stop = data.draw(st.integers(start, len(column)))
    fitted = feature.fit(column)
    part = fitted.transform(column.slice(start, stop - start)).rows()
    whole = rows_between(fitted.transform(column).rows(), start, stop)
    assert len(part) == len(whole) == stop - start
    for index in range(len(part)):
        np.testing.assert_array_equal(part[index], whole[index])


def test_a_file_never_decides_what_is_imported() -> None:
    with pytest.raises(ArtifactError, match="not imported"):
        load_stored({"strangers.code:Feature": {}}, FittedFeature)
