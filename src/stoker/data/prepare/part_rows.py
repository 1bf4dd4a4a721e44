"""The raw rows behind a prepared part, for whoever asks the predictor about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.core.errors import ArtifactError
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.data.prepare.raw_rows import part_ids, rows_with_ids, with_media


def part_rows(
    dataset: Dataset,
    rows_path: Path,
    parts_path: Path,
    prepared_folder: Path,
    part: str,
    columns: Sequence[str],
) -> Iterator[pa.Table]:
    """The raw rows of a part, in the order of the prepared set and without its rejects.

    Args:
        dataset: Where the media are.
        rows_path: Table of the cleaned rows.
        parts_path: Table of `_row` and `part` that was prepared.
        prepared_folder: Folder that `prepare` wrote.
        part: train, validation or test.
        columns: Columns to yield; media come as bytes.

    Raises:
        ArtifactError: If the prepared set is not one of this split.
    """
    prepared = PreparedSet.open(prepared_folder, part)
    if not np.isin(prepared.row, part_ids(parts_path)[part], assume_unique=True).all():
        raise ArtifactError(
            f"the prepared {part} part has rows that the split puts elsewhere",
            expected="a prepared set made from this split",
            fix="run again; the pipeline prepares what changed",
        )
    yield from with_media(rows_with_ids(rows_path, prepared.row, columns), dataset, 0)
