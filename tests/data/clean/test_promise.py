"""What every cleaner promises, checked on each file of the stage."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from stoker.core.steps import find_step, load_stored, step_name, step_names, step_spec
from stoker.data.clean import Cleaner, CleanerState, FittedCleaner, RowCleaner
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_table
from stoker.features.category import Category
from stoker.features.number import Number

STAGE = "stoker.data.clean"
STEPS = [find_step(STAGE, name, Cleaner)() for name in step_names(STAGE)]
ROW = [step for step in STEPS if isinstance(step, RowCleaner)]
FITTED = [step for step in STEPS if isinstance(step, FittedCleaner)]

FEATURES = {"age": Number(), "size": Number(), "city": Category()}
TRAIN = pa.table(
    {
        "age": ["31", "", "35", "38", "33", "999", "NA", "36", "34", "x"],
        "size": pa.array([1.0, 2, 3, None, 5, 6, 7, 8, 9, 900]),
        "city": ["a", "a", None, "b", " ", "a", "c", "a", "b", "a"],
    }
)


def picture(level: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (4, 4), level).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    one, two = picture(1), picture(2)
    return make_dataset(
        {"label": ["a", "b", "a", "b", "c", None]},
        media={"图": [one, two, one, b"<html>", None, two[:40]]},
        parts=[None, None, "test", None, "validation", None],
    )


@pytest.mark.parametrize("step", ROW, ids=step_name)
def test_rows_in_are_rows_kept_and_rejected(
    step: RowCleaner, dataset: Dataset, new_folder: Callable[[], Path]
) -> None:
    folder = new_folder()
    info = clean_rows([step], dataset, folder)
    before, after = read_table(dataset.rows_path), read_table(folder / "rows.parquet")
    rejects = read_table(folder / "rejects.parquet")
    assert rejects.schema == SCHEMA
    ids = sorted([*after["_row"].to_pylist(), *rejects["_row"].to_pylist()])
    assert ids == before["_row"].to_pylist()
    assert (info["rows_in"], info["rows_out"] + info["rejected"]) == (6, 6)
    assert after["_row"].to_pylist() == sorted(after["_row"].to_pylist())
    kept = np.isin(before["_row"].to_numpy(), after["_row"].to_numpy())
    assert after.equals(before.filter(pa.array(kept)))
    assert json.loads((folder / "clean.json").read_bytes()) == info
    assert all(rejects["reason"].to_pylist())
    assert set(rejects["step"].to_pylist()) <= {step_name(step)}


@pytest.mark.parametrize("step", ROW, ids=step_name)
def test_cleaning_twice_changes_nothing_more(
    step: RowCleaner, dataset: Dataset, new_folder: Callable[[], Path]
) -> None:
    once, twice = new_folder(), new_folder()
    clean_rows([step], dataset, once)
    info = clean_rows([step, step], dataset, twice)
    assert (once / "rows.parquet").read_bytes() == (twice / "rows.parquet").read_bytes()
    assert info["flows"][1]["rejected"] == 0


@pytest.mark.parametrize("step", FITTED, ids=step_name)
def test_applying_keeps_number_and_order_of_rows(step: FittedCleaner) -> None:
    state = step.fit(TRAIN, FEATURES)
    done = state.apply(TRAIN)
    assert done.num_rows == TRAIN.num_rows
    assert done.column_names == TRAIN.column_names
    alone = [state.apply(TRAIN.slice(i, 1)) for i in range(TRAIN.num_rows)]
    for feature_name, feature in FEATURES.items():
        fitted = feature.fit(TRAIN[feature_name])
        whole = fitted.transform(done[feature_name]).values
        each = [fitted.transform(row[feature_name]).values[0] for row in alone]
        np.testing.assert_array_equal(whole, each)


@pytest.mark.parametrize("step", FITTED, ids=step_name)
def test_a_state_survives_json(step: FittedCleaner) -> None:
    state = step.fit(TRAIN, FEATURES)
    again = load_stored(json.loads(json.dumps(step_spec(state))), CleanerState)
    assert again == state
    assert again.apply(TRAIN).equals(state.apply(TRAIN))


@pytest.mark.parametrize("step", FITTED, ids=step_name)
def test_a_state_speaks_of_cells_and_needs_no_column(step: FittedCleaner) -> None:
    state = step.fit(TRAIN, FEATURES)
    for cells_N in state.touched(TRAIN).values():
        assert cells_N.shape == (TRAIN.num_rows,)
        assert cells_N.dtype == bool
    nothing = pa.table({"other": [1, 2]})
    assert state.apply(nothing).equals(nothing)
    assert state.touched(nothing) == {}
    assert state.rejects(nothing) == []


def test_no_step_keeps_everything(dataset: Dataset, new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    info = clean_rows([], dataset, folder)
    assert info["rejected"] == 0
    assert read_table(folder / "rows.parquet").equals(read_table(dataset.rows_path))
