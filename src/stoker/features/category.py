"""A column of categories, as whole numbers from 1; 0 is missing or unseen.

Cells are compared by their text without spaces around it, and where training never saw that text,
by the canonical spelling of the value: `True` of a CSV file and true of a Parquet file are one
category, and so are `3`, 3, 3.0 and the `3.0` that pandas writes (see `cells/spelling.py`).  Two
spellings of a value in one training column of text stay two categories, and a warning names them
(but `1` and `1.0` are one where no other value has a fraction, as in a table that had gaps): so do
`ja` and `JA`, because case may tell codes apart, until the recipe says `fold: true`.
The vocabulary stands by falling frequency, then by name, so that `max_size` keeps the common ones
and equal data give equal codes.

Cost: one hash of each cell; Python sees distinct values only.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells.categories import (
    are_categories,
    count_categories,
    encode_categories,
    spelled_alike,
)
from stoker.cells.spelling import (
    canonical,
    codes_by_spelling,
    counted_as,
    find_code,
    one_name_each,
    told_apart,
)
from stoker.core import events
from stoker.core.errors import DataError
from stoker.features import Codes, Feature, FittedFeature, Transformed

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
    def holds(self) -> Codes:
        """A code a row."""
        return Codes(self.num_codes)

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


_MOST_PAIRS = 3
_MOST_COMPARED = 5_000
"""Of more values none are compared by case: codes that hardly repeat."""


class Category(Feature):
    """One of a limited set of values: text, numbers, bools, dates or times of day."""

    min_count: Annotated[int, Field(ge=1)] = 1
    """A value seen in fewer training rows counts as unseen."""

    max_size: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """At most this many values get a code of their own, the most frequent ones."""

    fold: bool = False
    """Whether values that only case, width or blanks tell apart (`ja`, `Ja`, `J a`) are one, called
    by its commonest spelling."""

    def fit(self, column: pa.ChunkedArray) -> FittedCategory:
        """Learn the vocabulary.

        Raises:
            DataError: If the type has no categories (a list, bytes), every cell is missing, or
                `min_count` leaves nothing.
        """
        if not are_categories(column.type):
            raise DataError(
                f"the column is of type {column.type}, which holds no categories",
                expected="text, numbers, bools, dates or times of day",
                fix="convert it in the source, or leave the column out of inputs",
            )
        spelled = count_categories(column)
        count = counted_as(spelled, one_name_each(spelled, fold=self.fold))
        num_seen = sum(count.values())
        if not count:
            raise DataError(
                f"all of the {len(column)} training cells are missing",
                expected="at least one training row with a value",
                fix="leave the column out of inputs",
            )
        _tell_apart(count)
        _tell_alike(count)
        ordered = sorted(
            (name for name, n in count.items() if n >= self.min_count),
            key=lambda name: (-count[name], canonical(name), name),
        )
        if not ordered:
            raise DataError(
                f"no category is seen {self.min_count} times in {len(column)} training rows",
                expected=f"at least one; the most frequent is seen {max(count.values())} times",
                fix="lower min_count, or leave the column out of inputs",
            )
        vocabulary = tuple(ordered[: self.max_size])
        return FittedCategory(
            vocabulary=vocabulary,
            counts=tuple(count[name] for name in vocabulary),
            had_missing=num_seen < len(column),
            fold=self.fold,
        )


def _tell_apart(count: dict[str, int]) -> None:
    """Warn of values that stand in the column in two spellings."""
    pairs = told_apart(count)
    if pairs:
        shown = ", ".join(f"{one!r} and {other!r}" for one, other in pairs[:_MOST_PAIRS])
        more = f" and {len(pairs) - _MOST_PAIRS} more pairs" if len(pairs) > _MOST_PAIRS else ""
        events.warning(
            f"{shown}{more} are categories of their own; write one in the data if they mean the "
            "same"
        )


def _tell_alike(count: dict[str, int]) -> None:
    """Warn of values that only case, width or blanks tell apart."""
    groups = spelled_alike(count) if len(count) <= _MOST_COMPARED else []
    groups = [group for group in groups if len({canonical(name) for name in group}) > 1]
    if groups:
        listed = (", ".join(map(repr, group[:_MOST_PAIRS])) for group in groups[:_MOST_PAIRS])
        size = sum(map(len, groups))
        values = f"{len(groups)} values" if len(groups) > 1 else "one value"
        events.warning(
            f"{size} spellings of {values} differ in case, width or blanks only "
            f"({'; '.join(listed)}) and are categories of their own; say category: "
            "{fold: true} if they mean the same"
        )
