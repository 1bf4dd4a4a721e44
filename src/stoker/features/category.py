"""A column of categories, as whole numbers from 1; 0 is missing or unseen.

Cells are compared by their text without spaces around it, so `3` of a CSV file and 3 of a Parquet
file are one category, and a float that is a whole number is written without its fraction (pandas
turns a column of integers with a gap into floats).  The vocabulary stands by falling frequency,
then by name, so that `max_size` keeps the common ones and equal data give equal codes.

Cost: one hash of each cell; Python sees distinct values only.
"""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from stoker.core.errors import DataError
from stoker.features import Feature
from stoker.features._categories import count_categories
from stoker.features._fitted.category import FittedCategory


class Category(Feature):
    """One of a limited set of values: text, whole numbers or bools."""

    min_count: Annotated[int, Field(ge=1)] = 1
    """A value seen in fewer training rows counts as unseen."""

    max_size: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """At most this many values get a code of their own, the most frequent ones."""

    def fit(self, column: pa.ChunkedArray) -> FittedCategory:
        """Learn the vocabulary.

        Raises:
            DataError: If the type has no categories (a list, bytes), every cell is missing, or
                `min_count` leaves nothing.
        """
        count = count_categories(column)
        num_seen = sum(count.values())
        if not count:
            raise DataError(
                f"all of the {len(column)} training cells are missing or unreadable",
                expected="at least one training row with text, a whole number or a bool",
                fix="leave the column out of inputs",
            )
        ordered = sorted(
            (name for name, n in count.items() if n >= self.min_count),
            key=lambda name: (-count[name], name),
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
        )
