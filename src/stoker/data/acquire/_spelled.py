"""Cells that became missing by their spelling, counted and told for each column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from stoker.core.events import message

_MOST_TOLD = 20


def count_spelled(counts: Counter[str], written: pa.ChunkedArray, read: pa.ChunkedArray) -> None:
    """Add the texts that became missing values, empty cells left out."""
    gone = pc.utf8_trim_whitespace(written.filter(read.is_null()))
    found = {one["values"]: one["counts"] for one in gone.value_counts().to_pylist()}
    found.pop("", None)
    counts.update(found)


def tell_spelled(spelled: Mapping[str, Counter[str]], step: str) -> None:
    """Say of each column what its own spelling made missing.

    Args:
        spelled: Texts and how often, by column.
        step: The source that read them.
    """
    columns = {name: counts for name, counts in spelled.items() if counts}
    for name, counts in list(columns.items())[:_MOST_TOLD]:
        texts = ", ".join(f"{text!r} {count}" for text, count in counts.most_common(5))
        message(
            f"column {name!r}: {counts.total():,} cells are taken as missing by their spelling "
            f'({texts}); if that is an answer, write missing: [""] in the {step} source'
        )
    if len(columns) > _MOST_TOLD:
        message(f"so are cells of {len(columns) - _MOST_TOLD} more columns")
