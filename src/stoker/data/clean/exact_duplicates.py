"""Keep one of each set of equal rows.

Rows are equal if their pictures are (byte for byte), or, in a table without pictures, if all their
raw columns are.  Of equal rows the one stays that a source put into the test part, else into the
validation part, else the one that was read first: a published test set is never thinned out in
favour of training rows.

Equal content with different labels is worse than a duplicate, for one of the labels is wrong.  With
`label:` such rows are all rejected, or with `conflicts: keep` one row of each label stays (the
split then keeps them in one part).

Equal rows of a table are usually different people or things, unless one of the equal columns names
them.  So this is for pictures; asked for on a table without such a column it does what it is told
and says what that costs.

Cost: 0.1 microseconds a cell for hashing and one sort of the keys, 40 bytes a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.core import events
from stoker.core.steps import step_name
from stoker.data.clean._one_of_each import OneOfEach, Sets, places
from stoker.data.content import content_columns, content_number_N, with_keys
from stoker.data.dataset import Dataset
from stoker.engine import to_arrow
from stoker.tasks import Task

if TYPE_CHECKING:
    from stoker.engine import Frame


class ExactDuplicates(OneOfEach):
    """Reject rows whose content was already there."""

    columns: tuple[str, ...] | None = None
    """Columns that make the content; absent: the media columns, or all columns of a table."""

    def is_one_thing(self, dataset: Dataset, task: Task) -> bool:
        """One picture with two labels is a mistake; one table row with two labels is life."""
        return bool(dataset.media_columns)

    def find_sets(self, rows: Frame, dataset: Dataset) -> Sets:
        """Rows whose content has one number."""
        chosen = self.columns or content_columns(rows.column_names, dataset.media_columns)
        columns = [name for name in chosen if name != self.label]
        keyed = with_keys(rows, columns, self.also)

        def alike(at: np.ndarray, other: np.ndarray) -> pa.Array:
            return pc.binary_join_element_wise("has the same content as", places(keyed, other), " ")

        content = "pictures" if dataset.media_columns else "cells"
        return Sets(keyed, content_number_N(keyed), alike, columns, content)

    def doubt(self, rows: Frame, found: Sets, num_sets: int, num_gone: int) -> None:
        """Say how many rows of a table go, where no column shows that they are copies.

        A column shows it if its value tells all different rows apart: then equal rows have one
        name.
        """
        if found.content == "pictures":
            return
        if any(_num_values(rows, name) >= num_sets for name in found.columns):
            return
        total, name = found.rows.num_rows, step_name(self)
        events.warning(
            f"{name} leaves out {num_gone:,} of {total:,} rows ({100 * num_gone / total:.3g} %), "
            "but no column names a row: equal rows of a table are usually different people or "
            f"things. If they are no copies, take {name} out of data.clean"
        )


def _num_values(rows: Frame, name: str) -> int:
    """How many different values a column has, missing as one."""
    column = to_arrow(rows.select(name))[name]
    if pa.types.is_nested(column.type):
        return 0
    return pc.count_distinct(column, mode="all").as_py()
