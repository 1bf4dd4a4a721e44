"""Datasets made in the test, as `acquire` would write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stoker.data.dataset import Dataset
from stoker.data.media import MediaWriter
from stoker.data.rejects import Rejects
from stoker.engine.table_file import write_table

MakeDataset = Callable[..., Dataset]


def _make(
    root: Path,
    columns: Mapping[str, Sequence[object] | pa.Array],
    media: Mapping[str, Sequence[bytes | None]],
    parts: Sequence[str | None] | None,
) -> Dataset:
    folder = root / f"dataset-{len(list(root.iterdir()))}"
    folder.mkdir()
    writer = MediaWriter(folder)
    numbers = {
        name: pa.array([None if b is None else writer.add(b) for b in cells], pa.int64())
        for name, cells in media.items()
    }
    writer.close()
    own = {**{n: pa.array(c) for n, c in columns.items()}, **numbers}
    size = len(next(iter(own.values())))
    table = pa.table(
        {
            "_row": np.arange(size, dtype=np.int64),
            "_source": pa.repeat("rows.csv", size),
            "_line": np.arange(1, size + 1, dtype=np.int64),
            "_part": pa.array(parts if parts is not None else [None] * size, pa.string()),
            **own,
        }
    )
    write_table(table, folder / "rows.parquet")
    Rejects().write(folder)
    info = {
        "format": 1,
        "media": dict.fromkeys(media, "image"),
        "columns": {name: str(cells.type) for name, cells in own.items()},
        "sources": [],
        "rows_in": size,
        "rows_out": size,
        "rejected": 0,
    }
    (folder / "dataset.json").write_text(json.dumps(info))
    return Dataset.open(folder)


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory: pytest.TempPathFactory) -> MakeDataset:
    """`make_dataset(columns, media={}, parts=None)`: a dataset folder, open for reading."""
    root = tmp_path_factory.mktemp("datasets")
    return lambda columns, media=None, parts=None: _make(root, columns, media or {}, parts)


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """`new_folder()`: an empty folder for one artifact."""
    return lambda: tmp_path_factory.mktemp("artifact")
