"""Read the rows of a part, some at a time, media as bytes, never more than some 64 MiB at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.chunks import media_slices
from stoker.data.dataset import Dataset
from stoker.data.split import PARTS
from stoker.engine.table_file import read_table, read_tables

CHUNK_ROWS = 65_536
"""Most rows at once; a call for each column and chunk costs more than its rows if they are few."""
_CHUNK_CELLS = 4_000_000
"""Most cells at once, so that a wide table comes in fewer rows."""


def rows_with_ids(rows_path: Path, row_N: np.ndarray, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of these ids in the order of the table, media as numbers.

    Args:
        rows_path: A table sorted by `_row`.
        row_N: Ids to keep, int64, rising.
        columns: Columns to yield, `_row` among them if wanted.
    """
    read = list(dict.fromkeys([*columns, "_row"]))
    for table in read_tables(rows_path, read, batch_rows=_batch_rows(len(read))):
        at = np.searchsorted(row_N, table["_row"].to_numpy())
        found = np.zeros(table.num_rows, bool)
        inside = at < len(row_N)
        found[inside] = row_N[at[inside]] == table["_row"].to_numpy()[inside]
        if found.any():
            kept = table if found.all() else table.filter(pa.array(found))
            yield kept.select(list(columns))


def _batch_rows(num_columns: int) -> int:
    """Rows of a chunk of so many columns.

    >>> _batch_rows(10), _batch_rows(6_000)
    (65536, 666)
    """
    return max(1, min(CHUNK_ROWS, _CHUNK_CELLS // num_columns))


def with_media(tables: Iterator[pa.Table], dataset: Dataset, row_bytes: int) -> Iterator[pa.Table]:
    """The same rows with media as bytes, cut so that a table stays within some 64 MiB.

    Args:
        tables: Rows with media as numbers.
        dataset: Where the media are.
        row_bytes: Bytes that a row takes once it is prepared.
    """
    for table in tables:
        size_N = np.full(table.num_rows, row_bytes, np.int64)
        for name in dataset.media_columns:
            if name in table.column_names:
                number_N = table[name].fill_null(-1).to_numpy()
                size_N += np.where(number_N < 0, 0, dataset.media.sizes[number_N])
        for some in media_slices(size_N, most_rows=CHUNK_ROWS):
            yield dataset.raw_rows(table.slice(some.start, some.stop - some.start))


def part_ids(parts_path: Path) -> dict[str, np.ndarray]:
    """Row ids of each part, int64, rising."""
    table = read_table(parts_path)
    row_N = table["_row"].to_numpy()
    code_N = pc.index_in(table["part"], value_set=pa.array(PARTS)).to_numpy()
    return {part: np.sort(row_N[code_N == code]) for code, part in enumerate(PARTS)}
