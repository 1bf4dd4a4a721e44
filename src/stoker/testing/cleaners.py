"""What cleaners promise.

Cost: a row cleaner is run five times over the example, in a folder that goes afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from stoker import engine
from stoker.core.errors import StokerError
from stoker.core.steps import load_stored, make_step, step_name, step_spec
from stoker.data.clean import Cleaner, CleanerState, FittedCleaner, RowCleaner
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_table
from stoker.features import Feature
from stoker.testing.datasets import Columns, dataset_of

STAGE = "stoker.data.clean"


def assert_cleaner(
    step: RowCleaner,
    columns: Columns,
    *,
    rejected: Sequence[int],
    media: Mapping[str, Sequence[bytes | None]] | None = None,
) -> None:
    """A row cleaner rejects these rows and no others, says where they stood, and is done at once.

    Args:
        step: The cleaner, with its fields.
        columns: Cells of each column; let a cell be missing, and one be right and one wrong.
        rejected: Places from 0 of the rows that go; some have to, and some have to stay.
        media: Encoded pictures of each media column, for a cleaner that looks at some.

    Raises:
        AssertionError: If a promise is broken.
    """
    assert make_step(STAGE, step_spec(step), Cleaner) == step, "it survives being a recipe"
    with TemporaryDirectory() as folder:
        dataset = dataset_of(_new(folder, "dataset"), columns, media=media)
        before = read_table(dataset.rows_path)
        assert 0 < len(rejected) < before.num_rows, "the example has rows that go and that stay"
        for name in ("first", "again"):
            _assert_cleans(step, dataset, rejected, _new(folder, name))
        _assert_done_at_once(step, dataset, _new(folder, "twice"))


def _new(folder: str, name: str) -> Path:
    path = Path(folder) / name
    path.mkdir()
    return path


def _assert_cleans(
    step: RowCleaner, dataset: Dataset, rejected: Sequence[int], folder: Path
) -> None:
    """Rows in are rows kept and rows rejected, and each reject tells its place."""
    info = clean_rows([step], dataset, folder)
    before, after = read_table(dataset.rows_path), read_table(folder / "rows.parquet")
    rejects = read_table(folder / "rejects.parquet")
    assert rejects.schema == SCHEMA, "rejects have the columns of `stoker.data.rejects.SCHEMA`"
    gone = rejects["_row"].to_pylist()
    assert sorted(gone) == sorted(rejected), f"rejects rows {sorted(gone)}, not {sorted(rejected)}"
    stayed = [row for row in before["_row"].to_pylist() if row not in gone]
    assert after["_row"].to_pylist() == stayed, "kept rows keep their ids and their order"
    assert after.schema == before.schema, "kept rows have the columns that they had"
    assert info["rows_in"] == info["rows_out"] + info["rejected"], "no row is lost"
    for row, one in zip(gone, rejects.to_pylist(), strict=True):
        stood = before.slice(row, 1).to_pylist()[0]
        assert (one["source"], one["line"]) == (stood["_source"], stood["_line"]), "its own place"
        assert one["reason"], "a reject has a reason"
        assert one["step"] == step_name(step), "a reject names the step"
        assert one["column"] is None or one["column"] in before.column_names, "a column there is"


def _assert_done_at_once(step: RowCleaner, dataset: Dataset, folder: Path) -> None:
    """Cleaning twice changes nothing more; what is only left out stands as it stood."""
    info = clean_rows([step, step], dataset, folder)
    assert info["flows"][1]["rejected"] == 0, "cleaning twice rejects nothing more"
    after = read_table(folder / "rows.parquet")
    once = step.clean(engine.read(dataset.rows_path), dataset)
    if once.mended is None:
        before = read_table(dataset.rows_path)
        kept_N = np.isin(before["_row"].to_numpy(), after["_row"].to_numpy())
        assert after.equals(before.filter(pa.array(kept_N))), "kept rows stand as they stood"
    else:
        mended = engine.to_arrow(once.mended.sort("_row"))
        assert after.equals(mended.select(after.column_names)), "mending twice mends nothing more"
    json.dumps(once.notes, allow_nan=False)


def assert_fitted_cleaner(
    step: FittedCleaner,
    rows: pa.Table,
    features: Mapping[str, Feature],
    *,
    becomes: Mapping[str, Sequence[object]],
    touched: Mapping[str, Sequence[int]],
    rejected: Sequence[int] = (),
) -> None:
    """What a cleaner learns from these rows makes this of them, the same in training and serving.

    Args:
        step: The cleaner, with its fields.
        rows: Training rows, input columns only.
        features: Feature of each of their columns.
        becomes: Cells of the columns that it mends, afterwards; the others stay as they are.
        touched: Places from 0 of the cells that it speaks of, by column; a column without is left
            out.
        rejected: Places from 0 of the training rows that it leaves out.

    Raises:
        AssertionError: If a promise is broken.
    """
    assert make_step(STAGE, step_spec(step), Cleaner) == step, "it survives being a recipe"
    state = step.fit(rows, features)
    expected = {name: list(becomes.get(name, rows[name].to_pylist())) for name in rows.column_names}
    spoken = {name: [*places] for name, places in touched.items()}
    _assert_applies(state, rows, expected)
    with suppress(StokerError):  # half of the rows may be too few to learn from
        step.fit(rows.slice(rows.num_rows // 2), features)
    again = load_stored(json.loads(json.dumps(step_spec(state))), CleanerState)
    assert again == state, "what it learned survives JSON"
    for one in (state, again):
        _assert_applies(one, rows, expected)
        found = {name: _places(cells_N, rows) for name, cells_N in one.touched(rows).items()}
        assert {n: p for n, p in found.items() if p} == spoken, "touched are the cells it speaks of"
        _assert_rejects(one, rows, rejected)
    _assert_alone(state, rows, features)
    _assert_needs_no_column(state)


def _assert_applies(
    state: CleanerState, rows: pa.Table, expected: Mapping[str, list[object]]
) -> None:
    """Twice as well as once."""
    done = state.apply(rows)
    assert done.num_rows == rows.num_rows, "applying keeps the number of rows"
    assert done.column_names == rows.column_names, "applying keeps the columns"
    assert done.to_pydict() == expected, f"applied: {done.to_pydict()}, not {expected}"
    assert state.apply(done).to_pydict() == expected, "applying twice changes nothing more"


def _places(cells_N: np.ndarray, rows: pa.Table) -> list[int]:
    assert cells_N.shape == (rows.num_rows,), "touched has one value a row"
    assert cells_N.dtype == bool, "touched is bool"
    return np.flatnonzero(cells_N).tolist()


def _assert_rejects(state: CleanerState, rows: pa.Table, rejected: Sequence[int]) -> None:
    found = state.rejects(rows)
    assert [one[0] for one in found] == sorted(rejected), "rejects are the rows to leave out"
    for _, column, _, reason in found:
        assert column in rows.column_names, "a reject names a column there is"
        assert reason, "a reject has a reason"


def _assert_alone(state: CleanerState, rows: pa.Table, features: Mapping[str, Feature]) -> None:
    """A row alone, as it is served, becomes what it becomes among the others."""
    done = state.apply(rows)
    alone = [state.apply(rows.slice(place, 1)) for place in range(rows.num_rows)]
    for name, feature in features.items():
        fitted = feature.fit(rows[name])
        whole: Any = fitted.transform(done[name]).values
        each = [fitted.transform(row[name]).values[0] for row in alone]
        np.testing.assert_array_equal(whole, each, f"{name}: a row alone is another")


def _assert_needs_no_column(state: CleanerState) -> None:
    nothing = pa.table({"other": [1, 2]})
    assert state.apply(nothing).equals(nothing), "rows without its columns stay as they are"
    assert state.touched(nothing) == {}, "of no column there is nothing to say"
    assert state.rejects(nothing) == [], "of no column there is nothing to reject"
