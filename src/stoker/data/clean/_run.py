"""Run the row cleaners of a recipe one after the other.

Rows are streamed through Daft; what is held in memory is what a cleaner holds.  Where nothing is
rejected the table is copied as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
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
from stoker.data.clean import RowCleaner
from stoker.data.dataset import Dataset
from stoker.data.rejects import Rejects
from stoker.store.durable import machine_errors


def clean_rows(steps: Sequence[RowCleaner], dataset: Dataset, folder: Path) -> dict[str, Any]:
    """Clean the rows of a dataset into `folder`.

    Args:
        steps: Cleaners in the order of the recipe.
        dataset: Where the rows come from.
        folder: An existing empty folder; gets `rows.parquet`, `rejects.parquet`, `clean.json`.

    Returns:
        What is written to `clean.json`: rows in, out and rejected, in all and for each step.

    Raises:
        DataError: If no row is left.
    """
    rows_in = rows_now = pq.read_metadata(dataset.rows_path).num_rows
    frame, rejects, told = engine.read(dataset.rows_path), Rejects(), []
    for step in steps:
        name = step_name(step)
        with events.task(f"clean {name}", total=rows_now, unit="rows") as judging:
            cleaned = step.clean(frame, dataset)
            judging.advance(rows_now)
        rejected = cleaned.rejected.num_rows
        rejects.extend(cleaned.rejected)
        told.append(_story(name, rows_now, rejected, cleaned.notes))
        frame, rows_now = cleaned.kept, rows_now - rejected
        if not rows_now:
            raise _nothing_left(name, cleaned.rejected)
    _write_rows(frame, dataset, folder, rows_now, changed=bool(steps))
    num_rejected = rejects.write(folder)
    info = {"rows_in": rows_in, "rows_out": rows_now, "rejected": num_rejected, "steps": told}
    with machine_errors(f"write {folder / 'clean.json'}"):
        (folder / "clean.json").write_bytes(canonical_json(info))
    return info


def without(rows: engine.Frame, rejected: pa.Table) -> engine.Frame:
    """The rows of a frame whose `_row` is not among the rejected ones."""
    if not rejected.num_rows:
        return rows
    gone = engine.from_arrow(rejected.select(["_row"]))
    return rows.join(gone, on="_row", how="anti")


def _write_rows(
    frame: engine.Frame, dataset: Dataset, folder: Path, expected: int, *, changed: bool
) -> None:
    path = folder / "rows.parquet"
    if not changed:
        with machine_errors(f"write {path}"):
            shutil.copyfile(dataset.rows_path, path)
        return
    written = engine.write(frame, path)
    assert written == expected, "a cleaner keeps what it does not reject"


def _story(name: str, rows_in: int, rejected: int, notes: dict[str, object]) -> dict[str, Any]:
    return {
        "step": name,
        "rows_in": rows_in,
        "rows_out": rows_in - rejected,
        "rejected": rejected,
        "notes": notes,
    }


def _nothing_left(step: str, rejected: pa.Table) -> DataError:
    reasons, counts = np.unique(rejected["reason"].to_pylist(), return_counts=True)
    return DataError(
        f"{step} leaves no row; most often: {reasons[counts.argmax()]}",
        expected="at least one row that stays",
        fix=f"look at the data, or take {step} out of data.clean",
    )
