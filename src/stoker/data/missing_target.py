"""Leave out the rows that have no target: there is nothing in them to learn or to score.

It is no step of `data.clean`, because every recipe has a target: the key is `data.missing_target`.
What a missing target is, the task says (an empty cell, and for numbers the usual marks too).

Cost: the target column is read once.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from stoker.core import events
from stoker.core.errors import DataError, Place, RecipeError
from stoker.data.clean import Cleaned
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA
from stoker.tasks import Task

NAME = "missing_target"
Rule = Literal["drop", "refuse"]


def leave_out_missing_targets(dataset: Dataset, target: str, task: Task, rule: Rule) -> Cleaned:
    """Judge the rows of a dataset by their target.

    Args:
        dataset: Where the rows come from.
        target: The column to predict.
        task: Says which of its cells are missing.
        rule: `drop` the rows and say so, or `refuse` all of them.

    Raises:
        RecipeError: If there is no such column.
        DataError: If no row has a target, or one lacks it and the rule is `refuse`.
    """
    if target not in dataset.columns:
        raise RecipeError(
            f"there is no column {target!r}", expected=f"one of {', '.join(dataset.columns)}"
        )
    found = [SCHEMA.empty_table()]
    rows_in = 0
    for rows in dataset.tables(["_row", "_source", "_line", target]):
        missing_N = task.missing_N(rows[target])
        rows_in += rows.num_rows
        if missing_N.any():
            gone = rows.filter(pa.array(np.asarray(missing_N, bool)))
            reason = "has no target; there is nothing to learn or to score"
            found.append(reject_rows(gone, step=NAME, reason=reason, column=target))
    rejected = pa.concat_tables(found)
    if rejected.num_rows:
        _tell(rejected, rows_in, target, rule)
    return Cleaned(rejected, {})


def _tell(rejected: pa.Table, rows_in: int, target: str, rule: Rule) -> None:
    count = rejected.num_rows
    first = rejected.slice(0, 1).to_pylist()[0]
    place = Place(first["source"], first["line"], column=target)
    have = "has" if count == 1 else "have"
    said = f"{count:,} of {rows_in:,} rows {have} no {target!r}"
    if count == rows_in:
        raise DataError(
            f"not one of {rows_in:,} rows has a {target!r}",
            expected="a target to learn from",
            fix="check the name under target, and how its cells are written",
            place=place,
        )
    if rule == "refuse":
        raise DataError(
            said,
            expected=f"a value in every row, as data.{NAME} says",
            fix=f"fill them in, or write data.{NAME}: drop to leave them out",
            place=place,
        )
    events.warning(
        f"{said} and {'is' if count == 1 else 'are'} left out; the first: {place} "
        f"(data.{NAME}: refuse would stop here)"
    )
