"""A feature of tokens as a user would write one: hashed words, narrow ids, rows of any length."""

from __future__ import annotations

import re
import zlib
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell
from stoker.core.errors import DataError
from stoker.features import Feature, FittedFeature, TokenIds, Transformed

MOST_WORDS = 2_000
"""Words of a text that are looked at."""
_WORD = re.compile(r"\w+")


class FittedWords(FittedFeature):
    """Turns texts into hashed words; 0 is no word."""

    ragged: ClassVar[bool] = True

    num_tokens: Annotated[int, Field(ge=2, le=65_536)]
    """Ids there are."""

    @property
    def holds(self) -> TokenIds:
        return TokenIds(self.num_tokens)

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint16)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        cells = column.to_pylist()
        bad = tuple(
            BadCell(i, str(cell)[:60], "is no text")
            for i, cell in enumerate(cells)
            if cell is not None and not isinstance(cell, str)
        )
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        words = [_WORD.findall(text.lower())[:MOST_WORDS] for text in texts]
        ids = [self._id(word) for row in words for word in row]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in words])])
        return Transformed(np.array(ids, np.uint16), bad, offsets=offsets.astype(np.int64))

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "description": "A text."}

    def _id(self, word: str) -> int:
        return 1 + zlib.crc32(word.encode("utf-8", "surrogatepass")) % (self.num_tokens - 1)


class Words(Feature):
    """Hashed words."""

    ragged: ClassVar[bool] = True

    num_tokens: Annotated[int, Field(ge=2, le=65_536)] = 4_096
    """Ids there are; words share one where they are more."""

    def fit(self, column: pa.ChunkedArray) -> FittedWords:
        if not column.drop_null():
            raise DataError("no text among the training cells")
        return FittedWords(num_tokens=self.num_tokens)
