"""What every cleaner promises; a new file is tested as soon as it exists.

An example on which it does something is in the file of its name in `examples`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core.steps import find_step, step_names
from stoker.data.clean import Cleaner
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.engine.table_file import read_table

STAGE = "stoker.data.clean"


@pytest.mark.parametrize("name", step_names(STAGE))
def test_keeps_its_promises(name: str) -> None:
    example = importlib.import_module(f"tests.data.clean.examples.{name}")
    example.check(find_step(STAGE, name, Cleaner))


def test_no_step_keeps_everything(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    folder, dataset = new_folder(), make_dataset({"label": ["a", None]})
    info = clean_rows([], dataset, folder)
    assert info["rejected"] == 0
    assert read_table(folder / "rows.parquet").equals(read_table(dataset.rows_path))
