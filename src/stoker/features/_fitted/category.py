"""A category feature that has seen the training part."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from stoker.cells.categories import encode_categories
from stoker.cells.spelling import codes_by_spelling, find_code
from stoker.features import FittedFeature, Transformed

_MOST_EXAMPLES = 5


class FittedCategory(FittedFeature):
    """Turns cells into codes: position in the vocabulary plus 1, and 0 for missing or unseen."""

    vocabulary: tuple[str, ...]
    """Names by falling frequency in training, then by name; text as training spelled it."""
    counts: tuple[int, ...]
    """Training cells of each name."""
    had_missing: bool
    """Whether a training cell was missing."""
    fold: bool = False
    """Whether case, width and blanks tell no names apart."""

    @property
    def num_codes(self) -> int:
        """Codes that can occur, 0 included."""
        return len(self.vocabulary) + 1

    @property
    def shape(self) -> tuple[int, ...]:
        """One code a row."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """int32."""
        return np.dtype(np.int32)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Codes as int32.

        >>> pets = FittedCategory(vocabulary=("cat", "dog"), counts=(2, 1), had_missing=False)
        >>> pets.transform(pa.array(["dog", "cow", None, "cat"])).values
        array([2, 0, 0, 1], dtype=int32)
        """
        codes = self._code
        found = encode_categories(column, lambda name: find_code(codes, name, fold=self.fold))
        return Transformed(found.code_N, found.bad, found.unseen_N)

    def json_schema(self) -> dict[str, Any]:
        """Text, a whole number, a bool or null; the most frequent values as examples."""
        return {
            "type": ["string", "integer", "boolean", "null"],
            "description": f"One of {len(self.vocabulary)} categories; others count as unseen.",
            "examples": list(self.vocabulary[:_MOST_EXAMPLES]),
        }

    @cached_property
    def _code(self) -> dict[str, int]:
        return codes_by_spelling(self.vocabulary, fold=self.fold)
