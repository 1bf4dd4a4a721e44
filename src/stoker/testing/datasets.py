"""Datasets of a few rows that are written in a test, as `acquire` would write them.

A frame, as row cleaners take it, is `stoker.engine.read(dataset.rows_path)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.data.dataset import FORMAT, Dataset
from stoker.data.media import MediaWriter
from stoker.data.rejects import Rejects
from stoker.engine.table_file import write_table

Columns = Mapping[str, Sequence[object] | pa.Array]


def dataset_of(
    folder: Path,
    columns: Columns,
    *,
    media: Mapping[str, Sequence[bytes | None]] | None = None,
    parts: Sequence[str | None] | None = None,
) -> Dataset:
    """Write a dataset whose rows are lines 1, 2, 3... of `rows.csv`.

    Args:
        folder: An existing empty folder.
        columns: Cells of each column, all as many.
        media: Encoded pictures of each media column.
        parts: Part of the split of each row; absent: the split decides.
    """
    pictures = media or {}
    with MediaWriter(folder) as writer:
        numbers = {
            name: pa.array([None if b is None else writer.add(b) for b in cells], pa.int64())
            for name, cells in pictures.items()
        }
    own = {**{name: pa.array(cells) for name, cells in columns.items()}, **numbers}
    size = len(next(iter(own.values())))
    table = pa.table(
        {
            "_row": np.arange(size, dtype=np.int64),
            "_source": pa.repeat("rows.csv", size),
            "_line": np.arange(1, size + 1, dtype=np.int64),
            "_part": pa.array([None] * size if parts is None else parts, pa.string()),
            **own,
        }
    )
    write_table(table, folder / "rows.parquet")
    Rejects().write(folder)
    info = {
        "format": FORMAT,
        "media": dict.fromkeys(pictures, "image"),
        "columns": {name: str(cells.type) for name, cells in own.items()},
        "sources": [],
        "rows_in": size,
        "rows_out": size,
        "rejected": 0,
    }
    (folder / "dataset.json").write_text(json.dumps(info), encoding="utf-8")
    return Dataset.open(folder)
