"""The words of a text as hashed tokens: rows of any length.  Cost: a microsecond a word."""

import re
import zlib
from typing import ClassVar

import numpy as np

from stoker.cells.categories import category_texts
from stoker.core.errors import DataError
from stoker.features import Feature, FittedFeature, TokenIds, Transformed


class FittedHashedWords(FittedFeature):
    """Turns a text into ids; 0 is no word."""

    ragged: ClassVar[bool] = True
    num_tokens: int
    shape: ClassVar[tuple[int, ...]] = ()
    dtype: ClassVar[np.dtype] = np.dtype(np.uint16)

    holds = property(lambda self: TokenIds(self.num_tokens))

    def transform(self, column):
        """The ids of all rows end to end, and where each row begins."""
        texts = category_texts(column).fill_null("").to_pylist()
        rows = [[self._id(word) for word in re.findall(r"\w+", text.lower())] for text in texts]
        ids = np.array([id for row in rows for id in row], np.uint16)
        return Transformed(ids, offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64))

    def json_schema(self):
        """Any text."""
        return {"type": ["string", "null"]}

    def _id(self, word):
        return 1 + zlib.crc32(word.encode()) % (self.num_tokens - 1)


class HashedWords(Feature):
    """The words of a text; networks read them."""

    ragged: ClassVar[bool] = True
    num_tokens: int = 10_000

    def fit(self, column):
        """Nothing is learned; a word that is new has its id already."""
        if not category_texts(column).drop_null():
            raise DataError("no text among the training cells")
        return FittedHashedWords(num_tokens=self.num_tokens)
