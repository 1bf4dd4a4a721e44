"""Profiles of small tables that are written as the acquire stage writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stoker.data.profile.choice import Choice
from stoker.data.profile.column import Profile
from stoker.data.profile.judge import judge
from stoker.data.profile.measure import profile_table
from stoker.engine.table_file import write_table

Profiled = Callable[..., Profile]
Judged = Callable[..., dict[str, Choice]]


@pytest.fixture
def profiled(tmp_path: Path) -> Profiled:
    """Profile columns given as values or Arrow arrays; shorter ones end with missing cells."""

    def made(columns: Mapping[str, Any], **options: Any) -> Profile:
        arrays = {name: _array(values) for name, values in columns.items()}
        size = max(map(len, arrays.values()))
        whole = {
            name: pa.concat_arrays([array, pa.nulls(size - len(array), array.type)])
            for name, array in arrays.items()
        }
        path = tmp_path / "rows.parquet"
        write_table(pa.table({"_row": list(range(size)), **whole}), path)
        return profile_table(path, **options)

    return made


def _array(values: Any) -> pa.Array:
    array = values if isinstance(values, pa.Array) else pa.array(list(values))
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


@pytest.fixture
def judged(profiled: Profiled) -> Judged:
    """Choices by column, with the options of `profiled`."""

    def made(columns: Mapping[str, Any], **options: Any) -> dict[str, Choice]:
        return {one.column: one for one in judge(profiled(columns, **options))}

    return made
