"""Run the row cleaners of a recipe one after the other.

A cleaner that only rejects leaves the table as it is, so the kept rows are copied from file to file
in one stream; only a cleaner that mends cells makes Daft write (and sort) the rows anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stoker import engine
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import DataError
from stoker.core.steps import step_name
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.clean_answers import RowsLeft, require_all_kept
from stoker.data.dataset import Dataset
from stoker.data.flow import flow, stated
from stoker.data.rejects import Rejects
from stoker.engine.table_file import TableWriter, read_table, read_tables
from stoker.store.durable import machine_errors


def clean_rows(
    steps: Sequence[RowCleaner],
    dataset: Dataset,
    folder: Path,
    *,
    before: Mapping[str, Cleaned] | None = None,
) -> dict[str, Any]:
    """Clean the rows of a dataset into `folder`.

    Args:
        steps: Cleaners in the order of the recipe.
        dataset: Where the rows come from.
        folder: An existing empty folder; gets `rows.parquet`, `rejects.parquet`, `clean.json`.
        before: What was judged already, by name; the steps see what that left.

    Returns:
        What is written to `clean.json`: rows in, out and rejected, in all and for each step.

    Raises:
        DataError: If no row is left.
    """
    rows_in = rows_now = pq.read_metadata(dataset.rows_path).num_rows
    rejects, flows = Rejects(), []
    for name, cleaned in (before or {}).items():
        rejects.extend(cleaned.rejected)
        if cleaned.rejected.num_rows:
            flows.append(flow(name, rows_now, cleaned.rejected.num_rows, notes=cleaned.notes))
        rows_now -= cleaned.rejected.num_rows
    # Daft is loaded only if somebody asks it something.
    frame = _without(engine.read(dataset.rows_path), rejects.table()) if steps else None
    left = _rows_left(dataset, rejects)
    mending: list[str] = []
    for step in steps:
        assert frame is not None, "there are steps"
        name = step_name(step)
        with events.task(f"clean {name}", total=rows_now, unit="rows") as judging:
            cleaned = left.without(name, step.clean(frame, dataset))
            judging.advance(rows_now)
        rejected = cleaned.rejected.num_rows
        rejects.extend(cleaned.rejected)
        notes = cleaned.notes
        flows.append(flow(name, rows_now, rejected, unusable=step.unusable, notes=notes))
        mending += [name] * (cleaned.mended is not None)
        frame = _without(frame, cleaned.rejected) if cleaned.mended is None else cleaned.mended
        rows_now -= rejected
        if not rows_now:
            raise _nothing_left(name, cleaned.rejected)
    gone = rejects.table()["_row"].to_numpy()
    path = folder / "rows.parquet"
    if mending and frame is not None:
        written = engine.write(frame, path)
        require_all_kept(mending, written, rows_now)
    else:
        written = _copy(dataset.rows_path, path, gone)
    assert written == rows_now, "what is not rejected is copied"
    num_rejected = rejects.write(folder)
    info = {"rows_in": rows_in, "rows_out": rows_now, "rejected": num_rejected}
    info |= {"flows": stated(flows)}
    with machine_errors(f"write {folder / 'clean.json'}"):
        (folder / "clean.json").write_bytes(canonical_json(info))
    return info


def _rows_left(dataset: Dataset, rejects: Rejects) -> RowsLeft:
    row_N = read_table(dataset.rows_path, ["_row"])["_row"].to_numpy()
    return RowsLeft(row_N, rejects.table()["_row"].to_numpy())


def _without(rows: engine.Frame, rejected: pa.Table) -> engine.Frame:
    """The rows of a frame whose `_row` is not among the rejected ones."""
    if not rejected.num_rows:
        return rows
    gone = engine.from_arrow(rejected.select(["_row"]))
    return rows.join(gone, on="_row", how="anti")


def _copy(source: Path, path: Path, gone: np.ndarray) -> int:
    """Copy a table without the rows of these ids; gives the number of rows written."""
    if not len(gone):
        with machine_errors(f"write {path}"):
            shutil.copyfile(source, path)
        return pq.read_metadata(path).num_rows
    gone = np.sort(gone)
    with TableWriter(path, pq.read_schema(source)) as writer:
        for rows in read_tables(source):
            row_N = rows["_row"].to_numpy()
            at = np.minimum(np.searchsorted(gone, row_N), len(gone) - 1)
            writer.write(rows.filter(pa.array(gone[at] != row_N)))
    return writer.rows


def _nothing_left(step: str, rejected: pa.Table) -> DataError:
    reasons, counts = np.unique(rejected["reason"].to_pylist(), return_counts=True)
    return DataError(
        f"{step} leaves no row; most often: {reasons[counts.argmax()]}",
        expected="at least one row that stays",
        fix=f"look at the data, or take {step} out of data.clean",
    )
