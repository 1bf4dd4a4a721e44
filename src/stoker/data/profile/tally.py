"""The different values of one column, how often each stands there, and where.

Texts are read as Parquet's own dictionary, so that a text of a million rows is looked at once for
each different value, and so are small sets of other types.  Numbers are sorted instead.

A text of more than 4,000 bytes is represented by its beginning and a digest, so that a column of
whole documents needs little memory and its values are still told apart.

Cost: about 6 ms for 200,000 cells of text, 4 ms for numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.raw import is_text

_LONG_TEXT_BYTES = 4_000
_KEPT_CHARACTERS = 200


@dataclass(frozen=True)
class Tally:
    """A column as its different values."""

    value_V: pa.Array
    """Different values, in order of first sight; missing is none of them."""
    count_V: np.ndarray
    """Cells of each, int64."""
    index_N: np.ndarray
    """Number of the value of each row, int64; -1 where it is missing."""

    @property
    def missing(self) -> int:
        """Cells without a value."""
        return len(self.index_N) - int(self.count_V.sum())

    def most_frequent(self, most: int) -> np.ndarray:
        """Numbers of the most frequent values, then by first sight."""
        return np.argsort(-self.count_V, kind="stable")[:most]


def tally(column: pa.ChunkedArray) -> Tally:
    """Count the values of a column of text, truth values, decimals or bytes.

    >>> tally(pa.chunked_array([["b", None, "a", "b"]])).count_V
    array([2, 1])
    """
    encoded = _encoded(column)
    indices = encoded.indices
    indices = pc.fill_null(indices, -1) if indices.null_count else indices
    index_N = indices.to_numpy().astype(np.int64)
    values = encoded.dictionary
    count_V = np.bincount(index_N + 1, minlength=len(values) + 1)[1:]
    used = np.flatnonzero(count_V)
    if len(used) < len(values):  # a dictionary may name values that no row has
        number_V = np.full(len(values) + 1, -1, np.int64)
        number_V[used] = np.arange(len(used))
        values, count_V, index_N = values.take(pa.array(used)), count_V[used], number_V[index_N]
    return Tally(values, count_V.astype(np.int64), index_N)


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks = [_shortened(chunk) for chunk in column.chunks]
    kind = pa.dictionary(pa.int32(), column.type.value_type)
    if not chunks:
        return pa.array([], kind)
    whole = pa.chunked_array(chunks).unify_dictionaries()
    indices = pa.concat_arrays([chunk.indices for chunk in whole.chunks])
    return pa.DictionaryArray.from_arrays(indices, whole.chunk(0).dictionary)


def _shortened(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """The chunk with long texts as their beginning and a digest."""
    values = chunk.dictionary
    if not is_text(values.type) or not len(values):
        return chunk
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= _LONG_TEXT_BYTES:
        return chunk
    texts = [_stand_in(text) for text in values.to_pylist()]
    return pa.DictionaryArray.from_arrays(chunk.indices, pa.array(texts, values.type))


def _stand_in(text: str | None) -> str | None:
    if text is None or len(text) <= _LONG_TEXT_BYTES // 4:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return f"{text[:_KEPT_CHARACTERS]}… ({len(text):,} characters, {digest})"


def mask(flags: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Arrow's truth values as numpy's, null being false."""
    flags = pc.fill_null(flags, False) if flags.null_count else flags
    return flags.to_numpy(zero_copy_only=False)
