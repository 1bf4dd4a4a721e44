"""Find rows that are no case but the sums of the rows above them, as spreadsheets end in one.

Learned as a row, it is a case a hundred times as large as any other: it bends every slope and
spoils the part of the split into which it falls.  Nothing is decided here; the user is told which
row it is, with the line that leaves it out.

Only the last row of each file is looked at.  It is told where a cell is the sum of its column, to
the last digit and beyond every other cell, which does not happen by chance; or where it is far
beyond them in a row that is called `Total`.

Cost: columns without a far value are not read again; of few others one pass each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.numbers import NumberCells
from stoker.core.errors import Place
from stoker.core.events import counted
from stoker.core.names import listed
from stoker.core.value import Value
from stoker.data.profile.column import ColumnProfile, NumberFacts
from stoker.engine.table_file import read_table

Read = Callable[[list[str]], pa.Table]
"""Gives some columns of all rows, in their order."""

_WORD = re.compile(
    r"(?:grand |sub-?)?totals?\b|sum\b|summe\b|gesamt|insgesamt|totale\b|total g|somme\b|suma\b"
    r"|合计|总计|总和|小计|合計|総計",
    re.IGNORECASE,
)
"""How such a row is called."""
_FEWEST_OTHERS = 10
"""Numbers other than 0 above a sum; of fewer one may be it by chance."""
_EXACT = 1e-6
_TIMES_BEYOND = 5.0
"""How many times as large as all above a number in a row with such a name is."""
_TIMES_FAR = 2.0
"""A sum is so many times as large as nearly all cells of its column."""
_FEW_ROWS = 40
_MOST_READ = 50


class TotalRow(Value):
    """A row of sums."""

    row: int
    source: str
    line: int | None
    why: str
    """What it says of itself, as a reason to leave it out."""

    @property
    def said(self) -> str:
        """Where it stands and what it is.

        >>> TotalRow(row=7, source="a.csv", line=9, why="looks like one").said
        'a.csv:9: looks like one'
        """
        return f"{Place(self.source, self.line)}: {self.why}"


def totals_of(columns: Sequence[ColumnProfile], rows_path: Path) -> list[TotalRow]:
    """The rows of a table that are sums; mostly none.

    Args:
        columns: What was counted.
        rows_path: The table that was counted, sorted by `_row`.
    """
    return find_totals(columns, lambda names: read_table(rows_path, names))


def told_totals(found: Sequence[TotalRow]) -> str:
    """What to say of rows of sums, and the line that leaves them out.

    Args:
        found: At least one.
    """
    more = f" (and {counted(len(found) - 1, 'more such rows')})" if len(found) > 1 else ""
    it = "them" if more else "it"
    return f"{found[0].said}{more}; write clean: [total_rows] under data to leave {it} out"


def find_totals(columns: Sequence[ColumnProfile], read: Read) -> list[TotalRow]:
    """The rows that are sums of those above them in their file.

    Args:
        columns: What was counted.
        read: Gives columns of the rows that were counted.
    """
    numbers = [one for one in columns if _may_end_in_a_sum(one)][:_MOST_READ]
    if not numbers:
        return []
    cells = {one.name: _numbers(one, read([one.name])[one.name]) for one in numbers}
    own = read(["_row", "_source", "_line"])
    texts = [one.name for one in columns if one.texts is not None][:_MOST_READ]
    found = []
    for start, last in _files(own["_source"]):
        sums = [name for name, cell_N in cells.items() if _is_sum(cell_N[start : last + 1])]
        far = [name for name, cell_N in cells.items() if _is_beyond(cell_N[start : last + 1])]
        if not sums and not far:
            continue
        word = _word(read(texts).slice(last, 1)) if texts else ""
        why = _why(sums, far, word)
        if why:
            (place,) = own.slice(last, 1).to_pylist()
            where = {"source": place["_source"], "line": place["_line"]}
            found.append(TotalRow(row=place["_row"], **where, why=why))
    return found


def _may_end_in_a_sum(column: ColumnProfile) -> bool:
    """Whether a number lies so far out that it may be the sum of others."""
    facts = column.numbers
    if facts is None or facts.is_time or facts.cells <= _FEWEST_OTHERS:
        return False
    return facts.cells <= _FEW_ROWS or _largest(facts) > _TIMES_FAR * _usual(facts)


def _largest(facts: NumberFacts) -> float:
    return max(abs(facts.low), abs(facts.high))


def _usual(facts: NumberFacts) -> float:
    return max(abs(facts.quantiles["0.05"]), abs(facts.quantiles["0.95"]))


def _numbers(column: ColumnProfile, cells: pa.ChunkedArray) -> np.ndarray:
    """The cells of a column as the profile read them, NaN where there is none."""
    reading = None if column.texts is None else column.texts.number
    options = {} if reading is None else reading.options
    return NumberCells.model_validate(options).read(cells).value_N


def _files(source: pa.ChunkedArray) -> Iterator[tuple[int, int]]:
    """Places of the first and the last row of each file."""
    code_N = pc.dictionary_encode(source.combine_chunks()).indices.to_numpy()
    starts = [0, *(np.flatnonzero(np.diff(code_N)) + 1).tolist()]
    yield from zip(starts, [*(start - 1 for start in starts[1:]), len(code_N) - 1], strict=True)


def _is_sum(cell_N: np.ndarray) -> bool:
    """Whether the last cell is the sum of the others, and beyond each of them."""
    others_N = _others(cell_N)
    if np.count_nonzero(others_N) < _FEWEST_OTHERS or np.isnan(cell_N[-1]):
        return False
    is_beyond = abs(cell_N[-1]) > np.abs(others_N).max()
    return bool(is_beyond and abs(others_N.sum() - cell_N[-1]) <= _EXACT * abs(cell_N[-1]))


def _is_beyond(cell_N: np.ndarray) -> bool:
    """Whether the last cell is far larger than all others."""
    others_N = _others(cell_N)
    if np.count_nonzero(others_N) < _FEWEST_OTHERS or np.isnan(cell_N[-1]):
        return False
    return bool(abs(cell_N[-1]) > _TIMES_BEYOND * np.abs(others_N).max())


def _others(cell_N: np.ndarray) -> np.ndarray:
    others_N = cell_N[:-1]
    return others_N[~np.isnan(others_N)]


def _word(row: pa.Table) -> str:
    """What calls a row one of totals; empty: nothing does."""
    texts = (str(value or "").strip() for value in row.to_pylist()[0].values())
    return next((text for text in texts if _WORD.match(text)), "")


def _why(sums: Sequence[str], far: Sequence[str], word: str) -> str:
    """Why a row is one of totals; empty: it may be none."""
    if sums:
        named = f" ({word!r})" if word else ""
        are = "is the sum" if len(sums) == 1 else "are the sums"
        return f"is a row of totals{named}: {listed(sums)} {are} of the rows above"
    if not word:
        return ""
    are = "is" if len(far) == 1 else "are"
    return f"looks like a row of totals ({word!r}): {listed(far)} {are} far beyond the rows above"
