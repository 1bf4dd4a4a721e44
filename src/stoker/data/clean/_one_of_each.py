"""Keep one row of each set of rows that are the same thing.

What cleaners of copies share: which row of a set stays, what becomes of a set whose labels
contradict each other, and what is said of each row that goes.  The row stays that a source put into
the test part, else into the validation part, else the one that was read first: a published test set
is never thinned out in favour of training rows.

With a label, a set under several labels is worse than a copy, for one of the labels is wrong: such
rows are all rejected, or with `conflicts: keep` one row of each label stays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import PrivateAttr

from stoker.cells.categories import named_as
from stoker.cells.raw import is_text
from stoker.cells.spelling import one_name_each
from stoker.core import events
from stoker.core.errors import RecipeError, printable
from stoker.core.steps import step_name
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.content import comparable
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA
from stoker.tasks import Task

if TYPE_CHECKING:
    from stoker.engine import Frame

_RANK = {"test": 0, "validation": 1, "train": 2, None: 2}
_SHOWN_LABELS = 5
_STAND = {"pictures": "pictures stand", "cells": "content stands", "texts": "texts stand"}


@dataclass(frozen=True)
class Sets:
    """Which rows are the same thing."""

    rows: pa.Table
    """`_row`, `_part`, `_source`, `_line` and the label of every row, sorted by `_row`."""
    set_N: np.ndarray
    """Number of each row's set, int64 from 0."""
    alike: Callable[[np.ndarray, np.ndarray], pa.Array]
    """What to say of some rows beside another one of each one's set, both as indices."""
    columns: list[str]
    """Columns that were compared."""
    content: Literal["pictures", "cells", "texts"]
    """What they hold."""
    notes: dict[str, object] = field(default_factory=dict)
    """More numbers for the report."""


class OneOfEach(RowCleaner, ABC):
    """Reject all but one row of each set."""

    columns: tuple[str, ...] | None = None
    """Columns that make the content."""

    label: str | None = None
    """Column that should be equal where the content is; it is not part of the content then."""

    conflicts: Literal["reject", "keep"] = "reject"
    """Same content with different labels: `reject` all of it, or `keep` one row of each label."""

    _task: Task | None = PrivateAttr(default=None)
    """Reads the label, where it is the target."""

    @abstractmethod
    def is_one_thing(self, dataset: Dataset, task: Task) -> bool:
        """Whether rows of one set cannot have several targets, so that one of them is a mistake."""

    @abstractmethod
    def find_sets(self, rows: Frame, dataset: Dataset) -> Sets:
        """The sets of all rows."""

    def doubt(self, rows: Frame, found: Sets, num_sets: int, num_gone: int) -> None:
        """Say what speaks against leaving so many rows out; here nothing does."""

    def reading(self, task: Task) -> Self:
        """The same cleaner where the label is the target of a task: spellings of one agree."""
        step = self.model_copy()
        step._task = task
        return step

    def knowing(self, target: str, task: Task, dataset: Dataset) -> Self:
        """The same cleaner for a target, which is the label where one thing has one target."""
        step = self
        if step.label is None and self.is_one_thing(dataset, task):
            step = step.model_copy(update={"label": target})
        return step.reading(task) if step.label == target else step

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Reject all but one row of each set.

        Raises:
            RecipeError: If a named column is not there.
        """
        self._check(rows.column_names)
        found = self.find_sets(rows, dataset)
        conflict_N = self._conflicts(found)
        conflicting = self._reject_conflicts(found, conflict_N)
        if conflicting.num_rows:
            _tell_conflicts(step_name(self), conflicting, found)
        set_N = found.set_N
        if self.conflicts == "keep" and self.label is not None:
            set_N = _pairs(set_N, self._codes(found.rows[self.label]))
            conflict_N[:] = False
        duplicates = self._reject_duplicates(found, set_N, ~conflict_N)
        rejected = pa.concat_tables([conflicting, duplicates]).sort_by("_row")
        if duplicates.num_rows:
            self.doubt(rows, found, len(np.unique(set_N)), duplicates.num_rows)
        notes = {
            "columns": found.columns,
            "duplicates": duplicates.num_rows,
            "conflicts": conflicting.num_rows,
        }
        return Cleaned(rejected, notes | found.notes)

    @property
    def also(self) -> list[str]:
        """Columns that `Sets.rows` needs beside `_row`."""
        return ["_part", "_source", "_line", *([] if self.label is None else [self.label])]

    def _check(self, names: list[str]) -> None:
        named = [*(self.columns or ()), *([] if self.label is None else [self.label])]
        if unknown := [name for name in named if name not in names]:
            own = ", ".join(name for name in names if not name.startswith("_"))
            raise RecipeError(
                f"{step_name(self)}: there is no column {unknown[0]!r}", expected=f"one of {own}"
            )

    def _conflicts(self, found: Sets) -> np.ndarray:
        """Which rows share their set with a row of another label."""
        if self.label is None or not len(found.set_N):
            return np.zeros(len(found.set_N), bool)
        code_N = self._codes(found.rows[self.label])
        low_C = np.full(found.set_N.max() + 1, np.iinfo(np.int64).max)
        high_C = np.full(found.set_N.max() + 1, -1)
        np.minimum.at(low_C, found.set_N, code_N)
        np.maximum.at(high_C, found.set_N, code_N)
        return (low_C != high_C)[found.set_N]

    def _codes(self, labels: pa.ChunkedArray) -> np.ndarray:
        """Labels as int64 numbers, null among them; all spellings of a label have one."""
        if is_text(labels.type):
            called = one_name_each if self._task is None else self._task.called
            labels = pa.chunked_array([named_as(labels, called)])
        encoded = comparable(labels).combine_chunks().dictionary_encode(null_encoding="encode")
        return encoded.indices.to_numpy().astype(np.int64)

    def _reject_conflicts(self, found: Sets, conflict_N: np.ndarray) -> pa.Table:
        if self.conflicts == "keep" or not conflict_N.any():
            return SCHEMA.empty_table()
        at = np.flatnonzero(conflict_N)
        labels = pc.cast(found.rows[self.label], pa.string()).combine_chunks()
        order = at[np.lexsort((at, found.set_N[at]))]
        is_first, first_at = _firsts(found.set_N[order])
        ends = np.append(is_first[1:], True)
        # each row names another one of its set: the next in turn, the last names the first
        other = order[np.where(ends, first_at, np.arange(len(order)) + 1)]
        reason = pc.binary_join_element_wise(
            found.alike(order, other),
            "but it is labelled",
            _one_line(labels.take(pa.array(order))),
            "here",
            " ",
        )
        rows, name = found.rows.take(pa.array(order)), step_name(self)
        own = labels.take(pa.array(order))
        return reject_rows(rows, step=name, reason=reason, column=self.label, found=own)

    def _reject_duplicates(self, found: Sets, set_N: np.ndarray, judged_N: np.ndarray) -> pa.Table:
        """Records for all judged rows but the best of each set."""
        rank_N = part_rank_N(found.rows["_part"])
        row_N = found.rows["_row"].to_numpy()
        at = np.flatnonzero(judged_N)
        order = at[np.lexsort((row_N[at], rank_N[at], set_N[at]))]
        is_first, first_at = _firsts(set_N[order])
        gone, kept = order[~is_first], order[first_at][~is_first]
        if not len(gone):
            return SCHEMA.empty_table()
        rows = found.rows.take(pa.array(gone))
        return reject_rows(rows, step=step_name(self), reason=found.alike(gone, kept))


def part_rank_N(part: pa.ChunkedArray) -> np.ndarray:
    """How strongly a source claims each row: 0 test, 1 validation, 2 train or open; int64."""
    names = pa.array([name for name in _RANK if name is not None], pa.string())
    ranks = pa.array([rank for name, rank in _RANK.items() if name is not None], pa.int64())
    return pc.fill_null(ranks.take(pc.index_in(part, value_set=names)), 2).to_numpy()


def places(rows: pa.Table, at: np.ndarray) -> pa.Array:
    """`file:line` of some rows."""
    chosen = rows.select(["_source", "_line"]).take(pa.array(at))
    lines = pc.cast(chosen["_line"], pa.string())
    return pc.binary_join_element_wise(chosen["_source"], lines, ":").combine_chunks()


def _firsts(sorted_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each of some sorted numbers is the first of its kind, and where that one is."""
    is_first = np.ones(len(sorted_N), bool)
    is_first[1:] = sorted_N[1:] != sorted_N[:-1]
    return is_first, np.maximum.accumulate(np.where(is_first, np.arange(len(sorted_N)), 0))


def _tell_conflicts(name: str, conflicting: pa.Table, found: Sets) -> None:
    """Say how much goes because labels contradict each other, and under which ones it stands."""
    gone, total = conflicting.num_rows, found.rows.num_rows
    counts = Counter(pc.fill_null(conflicting["found"], "(missing)").to_pylist())
    labels = [f"{label!r} ({count:,})" for label, count in counts.most_common(_SHOWN_LABELS)]
    more = f" and {len(counts) - _SHOWN_LABELS:,} more" * (len(counts) > _SHOWN_LABELS)
    events.warning(
        f"{name} leaves out {gone:,} of {total:,} rows ({100 * gone / total:.3g} %) whose "
        f"{_STAND[found.content]} under several labels: {', '.join(labels)}{more}; mend the "
        f"labels, or give {name} the option `conflicts: keep`, so that one row of each label stays"
    )


def _one_line(labels: pa.Array) -> pa.Array:
    """Labels as they may stand in a reason: without signs that a terminal would obey."""
    coded = pc.fill_null(labels, "(missing)").dictionary_encode()
    shown = pa.array([printable(label) for label in coded.dictionary.to_pylist()], pa.string())
    return shown.take(coded.indices)


def _pairs(first_N: np.ndarray, second_N: np.ndarray) -> np.ndarray:
    """One number for each pair of numbers."""
    return first_N * (int(second_N.max(initial=0)) + 1) + second_N
