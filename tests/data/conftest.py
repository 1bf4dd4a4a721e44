"""Datasets made in the test, as `acquire` would write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from stoker.data.dataset import Dataset
from stoker.testing import dataset_of

MakeDataset = Callable[..., Dataset]


def _make(
    root: Path,
    columns: Mapping[str, Sequence[object] | pa.Array],
    media: Mapping[str, Sequence[bytes | None]] | None,
    parts: Sequence[str | None] | None,
) -> Dataset:
    folder = root / f"dataset-{len(list(root.iterdir()))}"
    folder.mkdir()
    return dataset_of(folder, columns, media=media, parts=parts)


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory: pytest.TempPathFactory) -> MakeDataset:
    """`make_dataset(columns, media={}, parts=None)`: a dataset folder, open for reading."""
    root = tmp_path_factory.mktemp("datasets")
    return lambda columns, media=None, parts=None: _make(root, columns, media, parts)


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """`new_folder()`: an empty folder for one artifact."""
    return lambda: tmp_path_factory.mktemp("artifact")
