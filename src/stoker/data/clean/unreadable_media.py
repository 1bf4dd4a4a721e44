"""Reject rows whose picture cannot be decoded.

Each different picture is decoded once, whole, with the decoder that preparing and serving use, so
what passes here passes there.  Only the five allowed formats are opened, of at most 25 Mpx, and in
child processes: a picture that crashes them, fills the memory or never ends is rejected too.

Cost: that of decoding, on all cores; see `child_decoder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.core import events
from stoker.data.child_decoder import ChildDecoder
from stoker.data.chunks import media_slices
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA
from stoker.engine import to_arrow
from stoker.features.image import unreadable

if TYPE_CHECKING:
    from stoker.engine import Frame

_NAME = "unreadable_media"


class UnreadableMedia(RowCleaner):
    """Reject rows with a damaged, cut off, oversized or foreign picture."""

    unusable = True

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Decode every different picture once; a missing one is left to the feature."""
        columns = list(dataset.media_columns)
        if not columns:
            return Cleaned(SCHEMA.empty_table(), {"decoded": 0, "unreadable": 0})
        used = to_arrow(rows.select("_row", "_source", "_line", *columns).sort("_row"))
        numbers = np.unique(
            np.concatenate([used[name].drop_null().to_numpy() for name in columns])
        ).astype(np.int64)
        reason_of = _judge(numbers, dataset)
        rejected = _reject(used, columns, reason_of)
        notes: dict[str, object] = {"decoded": len(numbers), "unreadable": len(reason_of)}
        return Cleaned(rejected, notes)


def _judge(numbers: np.ndarray, dataset: Dataset) -> dict[int, tuple[str, str]]:
    """What was found and why it will not do, for each blob that cannot be decoded."""
    bad: dict[int, tuple[str, str]] = {}
    task = events.task("decode pictures", total=len(numbers), unit="pictures")
    with ChildDecoder() as decoder, task as decoding:
        for some in media_slices(dataset.media.sizes[numbers], most_rows=1024):
            for index, found, reason in unreadable(dataset.media.read(numbers[some]), decoder):
                bad[int(numbers[some][index])] = (found, reason)
            decoding.advance(len(numbers[some]))
    return bad


def _reject(used: pa.Table, columns: list[str], reason_of: dict[int, tuple[str, str]]) -> pa.Table:
    """One record a row, for its first bad picture."""
    numbers = pa.array(list(reason_of), pa.int64())
    found = pa.array([found for found, _ in reason_of.values()], pa.string())
    reasons = pa.array([reason for _, reason in reason_of.values()], pa.string())
    parts, left = [SCHEMA.empty_table()], used
    for name in columns:
        at = pc.index_in(left[name], value_set=numbers, skip_nulls=True).combine_chunks()
        is_bad = at.is_valid()
        at = at.drop_null()
        rows = left.filter(is_bad)
        parts.append(
            reject_rows(
                rows, step=_NAME, reason=reasons.take(at), column=name, found=found.take(at)
            )
        )
        left = left.filter(pc.invert(is_bad))
    return pa.concat_tables(parts).sort_by("_row")
