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

from collections import Counter
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import PrivateAttr

from stoker.cells.categories import named_as
from stoker.cells.raw import is_text
from stoker.cells.spelling import one_name_each
from stoker.core import events
from stoker.core.errors import RecipeError, printable
from stoker.data.clean import Cleaned, RowCleaner
from stoker.data.content import comparable, content_columns, content_number_N, with_keys
from stoker.data.dataset import Dataset
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA
from stoker.engine import to_arrow
from stoker.tasks import Task

if TYPE_CHECKING:
    from stoker.engine import Frame

_RANK = {"test": 0, "validation": 1, "train": 2, None: 2}
_NAME = "exact_duplicates"
_SHOWN_LABELS = 5


class ExactDuplicates(RowCleaner):
    """Reject rows whose content was already there."""

    columns: tuple[str, ...] | None = None
    """Columns that make the content; absent: the media columns, or all columns of a table."""

    label: str | None = None
    """Column that should be equal where the content is; it is not part of the content then."""

    conflicts: Literal["reject", "keep"] = "reject"
    """Same content with different labels: `reject` all of it, or `keep` one row of each label."""

    _task: Task | None = PrivateAttr(default=None)
    """Reads the label, where it is the target."""

    def reading(self, task: Task) -> ExactDuplicates:
        """The same cleaner where the label is the target of a task: spellings of one agree."""
        step = self.model_copy()
        step._task = task
        return step

    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Reject all but one row of each content.

        Raises:
            RecipeError: If a named column is not there.
        """
        columns = self._content(rows.column_names, dataset.media_columns)
        label = [] if self.label is None else [self.label]
        keyed = with_keys(rows, columns, ["_part", "_source", "_line", *label])
        content_N = content_number_N(keyed)
        conflict_N = self._conflicts(keyed, content_N)
        conflicting = self._reject_conflicts(keyed, content_N, conflict_N)
        if conflicting.num_rows:
            _tell_conflicts(conflicting, keyed.num_rows, pictures=bool(dataset.media_columns))
        if self.conflicts == "keep" and self.label is not None:
            content_N = _pairs(content_N, self._codes(keyed[self.label]))
            conflict_N[:] = False
        duplicates = _reject_duplicates(keyed, content_N, ~conflict_N)
        rejected = pa.concat_tables([conflicting, duplicates]).sort_by("_row")
        if duplicates.num_rows and not dataset.media_columns:
            _doubt(rows, columns, len(np.unique(content_N)), duplicates.num_rows)
        notes = {
            "columns": columns,
            "duplicates": duplicates.num_rows,
            "conflicts": conflicting.num_rows,
        }
        return Cleaned(rejected, notes)

    def _content(self, names: list[str], media: tuple[str, ...]) -> list[str]:
        named = [*(self.columns or ()), *([] if self.label is None else [self.label])]
        if unknown := [name for name in named if name not in names]:
            own = ", ".join(name for name in names if not name.startswith("_"))
            raise RecipeError(
                f"{_NAME}: there is no column {unknown[0]!r}", expected=f"one of {own}"
            )
        columns = list(self.columns or content_columns(names, media))
        return [name for name in columns if name != self.label]

    def _conflicts(self, keyed: pa.Table, content_N: np.ndarray) -> np.ndarray:
        """Which rows share their content with a row of another label."""
        if self.label is None or not len(content_N):
            return np.zeros(len(content_N), bool)
        code_N = self._codes(keyed[self.label])
        low_C = np.full(content_N.max() + 1, np.iinfo(np.int64).max)
        high_C = np.full(content_N.max() + 1, -1)
        np.minimum.at(low_C, content_N, code_N)
        np.maximum.at(high_C, content_N, code_N)
        return (low_C != high_C)[content_N]

    def _codes(self, labels: pa.ChunkedArray) -> np.ndarray:
        """Labels as int64 numbers, null among them; all spellings of a label have one."""
        if is_text(labels.type):
            called = one_name_each if self._task is None else self._task.called
            labels = pa.chunked_array([named_as(labels, called)])
        encoded = comparable(labels).combine_chunks().dictionary_encode(null_encoding="encode")
        return encoded.indices.to_numpy().astype(np.int64)

    def _reject_conflicts(
        self, keyed: pa.Table, content_N: np.ndarray, conflict_N: np.ndarray
    ) -> pa.Table:
        if self.conflicts == "keep" or not conflict_N.any():
            return SCHEMA.empty_table()
        at = np.flatnonzero(conflict_N)
        labels = pc.cast(keyed[self.label], pa.string()).combine_chunks()
        order = at[np.lexsort((at, content_N[at]))]
        is_first = np.ones(len(order), bool)
        is_first[1:] = content_N[order][1:] != content_N[order][:-1]
        # each row names another one of its content: the next in turn, the last names the first
        first_at = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
        ends = np.append(is_first[1:], True)
        other = order[np.where(ends, first_at, np.arange(len(order)) + 1)]
        reason = pc.binary_join_element_wise(
            "has the same content as",
            _where(keyed, other),
            "but it is labelled",
            _one_line(labels.take(pa.array(order))),
            "here",
            " ",
        )
        rows = keyed.take(pa.array(order))
        found = labels.take(pa.array(order))
        return reject_rows(rows, step=_NAME, reason=reason, column=self.label, found=found)


def _reject_duplicates(keyed: pa.Table, content_N: np.ndarray, judged_N: np.ndarray) -> pa.Table:
    """Records for all judged rows but the best of each content."""
    rank_N = part_rank_N(keyed["_part"])
    row_N = keyed["_row"].to_numpy()
    at = np.flatnonzero(judged_N)
    order = at[np.lexsort((row_N[at], rank_N[at], content_N[at]))]
    is_first = np.ones(len(order), bool)
    is_first[1:] = content_N[order][1:] != content_N[order][:-1]
    first_at = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    gone, kept = order[~is_first], order[first_at][~is_first]
    if not len(gone):
        return SCHEMA.empty_table()
    reason = pc.binary_join_element_wise("has the same content as", _where(keyed, kept), " ")
    return reject_rows(keyed.take(pa.array(gone)), step=_NAME, reason=reason)


def _tell_conflicts(conflicting: pa.Table, total: int, *, pictures: bool) -> None:
    """Say how much goes because labels contradict each other, and under which ones it stands."""
    gone = conflicting.num_rows
    counts = Counter(pc.fill_null(conflicting["found"], "(missing)").to_pylist())
    labels = [f"{label!r} ({count:,})" for label, count in counts.most_common(_SHOWN_LABELS)]
    more = f" and {len(counts) - _SHOWN_LABELS:,} more" * (len(counts) > _SHOWN_LABELS)
    events.warning(
        f"{_NAME} leaves out {gone:,} of {total:,} rows ({100 * gone / total:.3g} %) whose "
        f"{'pictures stand' if pictures else 'content stands'} under several labels: "
        f"{', '.join(labels)}{more}; mend the labels, or give {_NAME} the option "
        "`conflicts: keep`, so that one row of each label stays"
    )


def _doubt(rows: Frame, columns: list[str], num_contents: int, num_gone: int) -> None:
    """Say how many rows of a table go, where no column shows that they are copies.

    A column shows it if its value tells all different rows apart: then equal rows have one name.
    """
    if any(_num_values(rows, name) >= num_contents for name in columns):
        return
    total = rows.count_rows()
    events.warning(
        f"{_NAME} leaves out {num_gone:,} of {total:,} rows ({100 * num_gone / total:.3g} %), but "
        "no column names a row: equal rows of a table are usually different people or things. If "
        f"they are no copies, take {_NAME} out of data.clean"
    )


def _num_values(rows: Frame, name: str) -> int:
    """How many different values a column has, missing as one."""
    column = to_arrow(rows.select(name))[name]
    if pa.types.is_nested(column.type):
        return 0
    return pc.count_distinct(column, mode="all").as_py()


def part_rank_N(part: pa.ChunkedArray) -> np.ndarray:
    """How strongly a source claims each row: 0 test, 1 validation, 2 train or open; int64."""
    names = pa.array([name for name in _RANK if name is not None], pa.string())
    ranks = pa.array([rank for name, rank in _RANK.items() if name is not None], pa.int64())
    return pc.fill_null(ranks.take(pc.index_in(part, value_set=names)), 2).to_numpy()


def _where(keyed: pa.Table, at: np.ndarray) -> pa.Array:
    """`file:line` of some rows."""
    rows = keyed.select(["_source", "_line"]).take(pa.array(at))
    lines = pc.cast(rows["_line"], pa.string())
    return pc.binary_join_element_wise(rows["_source"], lines, ":").combine_chunks()


def _one_line(labels: pa.Array) -> pa.Array:
    """Labels as they may stand in a reason: without signs that a terminal would obey."""
    coded = pc.fill_null(labels, "(missing)").dictionary_encode()
    shown = pa.array([printable(label) for label in coded.dictionary.to_pylist()], pa.string())
    return shown.take(coded.indices)


def _pairs(first_N: np.ndarray, second_N: np.ndarray) -> np.ndarray:
    """One number for each pair of numbers."""
    return first_N * (int(second_N.max(initial=0)) + 1) + second_N
