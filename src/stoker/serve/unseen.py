"""Tell of cells that hold what training never saw: in the answer, in the metrics, in the log.

Such a cell is answered, an unseen category as a missing one, so a client that writes values in
another way than training did would get bad answers in silence.  The answer has a sentence for each
column, the metrics count the cells of each, and a column in which nearly nothing is known is a line
on the standard error, once.

Cost: nothing for requests without such cells but an addition; else some microseconds a column.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from stoker.cells.raw import cell_text, shorten
from stoker.features import OTHER_SPELLING, FittedFeature
from stoker.serve.metrics import Metrics

_MOST_COLUMNS = 20
_FEWEST_ROWS = 100
_NEARLY_ALL = 0.95
_NO_VALUE = ("none", "nan", "null", "na", "n/a", "<na>", "nat")


class UnseenCounter:
    """Which cells of the rows of one request are unseen."""

    def __init__(
        self,
        rows: pa.Table,
        masks: Mapping[str, np.ndarray],
        inputs: Mapping[str, FittedFeature] | None = None,
    ) -> None:
        """Count them.

        Args:
            rows: The raw rows.
            masks: Which rows are unseen in a column, bool; columns without any may be left out.
            inputs: What reads each column; absent: nothing more is said of a cell.
        """
        counts = {name: int(np.count_nonzero(mask_N)) for name, mask_N in masks.items()}
        self.counts = {name: count for name, count in counts.items() if count}
        """Cells by column, of the columns that have any."""
        firsts = {name: int(masks[name].argmax()) for name in self.counts}
        shown = {name: cell_text(rows.column(name), index) for name, index in firsts.items()}
        known = inputs or {}
        hints = {name: known[name].unseen_hint(shown[name]) for name in shown if name in known}
        self.advice = {name: known[name].unseen_advice for name in shown if name in known}
        """What a column that nearly nothing is known of mostly means."""
        self.sentences = _sentences(self.counts, shown, hints, rows.num_rows)
        """What to tell the client."""


class UnseenWatch:
    """Counts unseen cells over the life of a worker, and tells whoever runs it."""

    def __init__(self, metrics: Metrics) -> None:
        """Begin without any."""
        self._metrics = metrics
        self._num_rows = 0
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, num_rows: int, unseen: UnseenCounter | None) -> None:
        """Count a request that was answered."""
        self._num_rows += num_rows
        if unseen is None:
            return
        for name, count in unseen.counts.items():
            self._metrics.unseen(name, count)
            self._counts[name] += count
            if self._is_nearly_unknown(name):
                self._told.add(name)
                advice = unseen.advice.get(name, OTHER_SPELLING)
                _tell(name, self._counts[name], self._num_rows, advice)

    def _is_nearly_unknown(self, name: str) -> bool:
        if name in self._told or self._num_rows < _FEWEST_ROWS:
            return False
        return self._counts[name] >= _NEARLY_ALL * self._num_rows


def _sentences(
    counts: Mapping[str, int], shown: Mapping[str, str], hints: Mapping[str, str], num_rows: int
) -> tuple[str, ...]:
    told = tuple(
        unseen_sentence(name, counts[name], num_rows, shown[name], hints.get(name, ""))
        for name in [*counts][:_MOST_COLUMNS]
    )
    others = len(counts) - len(told)
    return (*told, f"so do cells of {others} more columns") if others else told


def unseen_sentence(name: str, count: int, num_rows: int, shown: str, hint: str = "") -> str:
    """What to say of a column with unseen cells.

    Args:
        name: Of the column.
        count: Its unseen cells, at least one.
        num_rows: Rows of the request.
        shown: One of the cells.
        hint: What else is to be said of it.

    >>> unseen_sentence("town", 2, 5, "Atlantis")
    "column 'town': 2 of 5 cells hold what training never saw, such as 'Atlantis'"
    >>> unseen_sentence("town", 1, 1, "None")
    "column 'town': training never saw 'None'; a missing text is written as ''"
    >>> unseen_sentence("weight", 1, 1, "66", "it has no unit and is read as 'kg'")
    "column 'weight': training never saw '66'; it has no unit and is read as 'kg'"
    """
    value = shorten(shown)
    hint = f"; {hint}" if hint else ""
    hint = "; a missing text is written as ''" if shown.lower() in _NO_VALUE else hint
    if num_rows == 1:
        return f"column {name!r}: training never saw {value!r}{hint}"
    if count == num_rows:
        return (
            f"column {name!r}: none of the {count} cells is what training saw, such as {value!r}"
            f"{hint or '; ' + OTHER_SPELLING}"
        )
    return (
        f"column {name!r}: {count} of {num_rows} cells hold what training never saw, "
        f"such as {value!r}{hint}"
    )


def _tell(name: str, count: int, num_rows: int, advice: str) -> None:
    sys.stderr.write(
        f"warning: {count:,} of {num_rows:,} cells of column {name!r} are not what training saw; "
        f"{advice}\n"
    )
    sys.stderr.flush()


def parts(
    units: Sequence[pa.Table],
    masks: Mapping[str, np.ndarray],
    inputs: Mapping[str, FittedFeature],
) -> list[UnseenCounter | None]:
    """The unseen cells of each of some tables that were answered as one.

    Args:
        units: The raw rows of each request, in order.
        masks: Which of all rows are unseen in a column.
        inputs: What reads each column.
    """
    found: list[UnseenCounter | None] = []
    start = 0
    for rows in units:
        stop = start + rows.num_rows
        mine = {name: mask_N[start:stop] for name, mask_N in masks.items()}
        has_any = any(mask_N.any() for mask_N in mine.values())
        found.append(UnseenCounter(rows, mine, inputs) if has_any else None)
        start = stop
    return found
