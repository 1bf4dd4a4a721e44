"""Which feature a column gets when the recipe does not say."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stoker.core.errors import DataError
from stoker.engine.table_file import write_table
from stoker.pipeline.inputs import choose_inputs


def chosen(folder: Path, **columns: list[object]) -> dict[str, str]:
    size = max(len(values) for values in columns.values())
    table = pa.table({"_row": list(range(size)), **columns})
    write_table(table, folder / "rows.parquet")
    return choose_inputs(folder / "rows.parquet", ("photo",), "target")


def test_each_kind_of_column(tmp_path: Path) -> None:
    found = chosen(
        tmp_path,
        photo=list(range(60)),
        age=[f"{n * 0.5}" for n in range(60)],
        zip=[f"0{n % 9}123" for n in range(60)],
        职业=["医生", "老师", "农民"] * 20,
        years=[n * n for n in range(60)],
        comment=[f"a sentence of its own, number {n}" for n in range(60)],
        constant=["x"] * 60,
        empty=[None] * 60,
        number=list(range(60)),
        id=[str(n) for n in range(100, 160)],
        target=["a", "b"] * 30,
    )
    assert found == {
        "photo": "image",
        "age": "number",
        "zip": "category",
        "职业": "category",
        "years": "number",
    }


def test_nothing_usable_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column can serve"):
        chosen(tmp_path, constant=["x"] * 5, target=["a", "b", "a", "b", "a"])
