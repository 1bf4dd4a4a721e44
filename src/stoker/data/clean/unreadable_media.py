"""Reject rows whose picture cannot be decoded.

Each different picture is decoded once, whole, with the decoder that preparing and serving use, so
what passes here passes there.  Only the five allowed formats are opened, of at most as many pixels
as the column's `image` feature says, and in child processes: a picture that crashes them, fills
the memory or never ends is rejected too.

Cost: that of decoding, on all cores; see `child_decoder`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import PrivateAttr

from stoker.cells.image_formats import MAX_PIXELS
from stoker.core import events
from stoker.data.child_decoder import ChildDecoder
from stoker.data.chunks import media_slices
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA
from stoker.engine import to_arrow
from stoker.features.image import unreadable as find_unreadable

if TYPE_CHECKING:
    from stoker.engine import Frame

_NAME = "unreadable_media"
Reasons = dict[int, tuple[str, str]]
"""What was found and why it will not do, by the number of a picture."""


class UnreadableMedia(RowCleaner):
    """Reject rows with a damaged, cut off, oversized or foreign picture."""

    unusable = True

    _max_pixels: Mapping[str, int] = PrivateAttr(default_factory=dict)
    """Of columns whose feature says another limit than the usual one."""

    def within(self, max_pixels: Mapping[str, int]) -> UnreadableMedia:
        """The same cleaner where the features of some columns say how large a picture may be."""
        step = self.model_copy()
        step._max_pixels = max_pixels
        return step

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Decode every different picture once; a missing one is left to the feature."""
        columns = list(dataset.media_columns)
        if not columns:
            return Cleaned(SCHEMA.empty_table(), {"decoded": 0, "unreadable": 0})
        used = to_arrow(rows.select("_row", "_source", "_line", *columns).sort("_row"))
        alike: dict[int, list[str]] = {}
        for name in columns:
            alike.setdefault(self._max_pixels.get(name, MAX_PIXELS), []).append(name)
        reason_of: dict[str, Reasons] = {}
        decoded = unreadable = 0
        for max_pixels, names in alike.items():
            numbers = _different(used, names)
            bad = _judge(numbers, dataset, max_pixels)
            reason_of |= dict.fromkeys(names, bad)
            decoded, unreadable = decoded + len(numbers), unreadable + len(bad)
        notes: dict[str, object] = {"decoded": decoded, "unreadable": unreadable}
        return Cleaned(_reject(used, {name: reason_of[name] for name in columns}), notes)


def _different(rows: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """Number of each different picture of some columns, rising, int64."""
    found = [rows[name].drop_null().to_numpy() for name in columns]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _judge(numbers: np.ndarray, dataset: Dataset, max_pixels: int) -> Reasons:
    """What was found and why it will not do, for each blob that cannot be decoded."""
    bad: Reasons = {}
    task = events.task("decode pictures", total=len(numbers), unit="pictures")
    with ChildDecoder(max_pixels=max_pixels) as decoder, task as decoding:
        for some in media_slices(dataset.media.sizes[numbers], most_rows=1024):
            blobs = dataset.media.read(numbers[some])
            for index, found, reason in find_unreadable(blobs, decoder, max_pixels):
                bad[int(numbers[some][index])] = (found, reason)
            decoding.advance(len(numbers[some]))
    return bad


def _reject(used: pa.Table, reason_of: Mapping[str, Reasons]) -> pa.Table:
    """One record a row, for its first bad picture."""
    parts, left = [SCHEMA.empty_table()], used
    for name, bad in reason_of.items():
        numbers = pa.array(list(bad), pa.int64())
        found = pa.array([found for found, _ in bad.values()], pa.string())
        reasons = pa.array([reason for _, reason in bad.values()], pa.string())
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
