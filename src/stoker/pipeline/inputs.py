"""Choose a feature for every column when the recipe names no inputs.

Media become images, columns whose values read as numbers become numbers, columns with few distinct
values become categories.  Columns that look like identifiers or free text, and columns that never
change, are left out with a warning, because a model would learn them by heart or not at all.

Looks at the first 20,000 rows only; costs milliseconds.  What was chosen is printed, and a recipe
that names its `inputs` is never second-guessed.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.core import events
from stoker.core.errors import DataError

ROWS_LOOKED_AT = 20_000
NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
LEADING_ZERO = re.compile(r"^\s*0\d")
MAX_CATEGORY_SHARE = 0.2
MAX_CATEGORIES = 2_000
SHOWN = 6
FEWEST_ROWS = 50
"""Fewer rows than these may count up by chance."""


def choose_inputs(rows_path: Path, media_columns: tuple[str, ...], target: str) -> dict[str, str]:
    """The feature for each usable column.

    Args:
        rows_path: Parquet file of the cleaned rows.
        media_columns: Columns that hold media.
        target: Column that is predicted, never an input.

    Returns:
        Names of features by column, in the order of the table.

    Raises:
        DataError: If no column is usable.
    """
    head = _head(rows_path)
    chosen: dict[str, str] = {}
    for name in head.column_names:
        if name.startswith("_") or name == target:
            continue
        feature, reason = _judge(head.column(name), is_media=name in media_columns)
        if feature:
            chosen[name] = feature
        else:
            events.warning(f"column {name!r} is not used: {reason}")
    if not chosen:
        raise DataError(
            "no column can serve as an input",
            expected="at least one image, number or category column",
            fix="name the columns under `inputs:` in the recipe",
        )
    events.message(f"inputs were not named; chose {_listed(chosen)}")
    return chosen


def _listed(chosen: dict[str, str]) -> str:
    """Columns by feature, such as `3 number (a, b, c)`."""
    names: dict[str, list[str]] = {}
    for column, feature in chosen.items():
        names.setdefault(feature, []).append(column)
    return "; ".join(
        f"{len(columns)} {feature} ({', '.join(columns[:SHOWN])}{', ...' * (len(columns) > SHOWN)})"
        for feature, columns in names.items()
    )


def _head(rows_path: Path) -> pa.Table:
    with pq.ParquetFile(rows_path, page_checksum_verification=True) as file:
        batch = next(file.iter_batches(batch_size=ROWS_LOOKED_AT), None)
        return pa.Table.from_batches([] if batch is None else [batch], file.schema_arrow)


def _judge(column: pa.ChunkedArray, *, is_media: bool) -> tuple[str | None, str]:
    """The feature for a column, or None with the reason for leaving it out."""
    values = column.drop_null()
    if is_media:
        return "image", ""
    if len(values) == 0:
        return None, "every value is missing"
    distinct = len(values.unique())
    if distinct == 1:
        return None, "every value is the same"
    if _reads_as_number(values):
        if _counts_rows(values):
            return None, "its values rise by one from row to row, as row numbers do"
        return "number", ""
    if distinct <= min(MAX_CATEGORIES, max(10, MAX_CATEGORY_SHARE * len(values))):
        return "category", ""
    return None, (
        f"{distinct} different values in {len(values)} rows look like identifiers or free text"
    )


def _counts_rows(values: pa.ChunkedArray) -> bool:
    if len(values) < FEWEST_ROWS:
        return False
    number_N = pc.cast(pc.utf8_trim_whitespace(pc.cast(values, pa.string())), pa.float64())
    return bool((np.diff(number_N.to_numpy()) == 1).all())


def _reads_as_number(values: pa.ChunkedArray) -> bool:
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return True
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    numeric = pc.all(pc.match_substring_regex(values, NUMBER)).as_py()
    return bool(numeric) and not any(LEADING_ZERO.match(v) for v in values.to_pylist())
