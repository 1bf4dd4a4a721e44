"""Rows in the forms people have them, as one Arrow table with exactly the expected columns.

Accepted: an Arrow table or batch, anything with the Arrow PyCapsule interface (Polars, pandas,
DuckDB and others), a list of dicts, a dict of columns, one dict of cells.  No library is imported
for it.

A column with cells of several kinds, words among numbers, is read as text, and that is said.  Names
of columns that are no texts, such as the numbers of a range, become texts.

A dict of a list that lacks a key is an error, not a silent null: a client that forgets a field must
hear of it; null has to be said.

Cost: nothing for Arrow and Polars; a list of dicts costs Python per cell.

Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from stoker.bundle._mixed import texts_of
from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.core.names import listed, short

_MOST_RENAMES = 5
_FORMS = (
    "an Arrow, pandas or Polars table, a list of dicts, a dict of columns, or one row as a dict"
)


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that offers its rows through the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule with an Arrow stream."""


Rows = pa.Table | pa.RecordBatch | ArrowStream | Sequence[Mapping[str, Any]] | Mapping[str, Any]


def to_table(rows: Rows, columns: Sequence[str], *, only: bool = False) -> pa.Table:
    """The rows as an Arrow table.

    Args:
        rows: In any of the accepted forms.
        columns: Names expected; a list of dicts must have each of them in each dict.
        only: Whether other keys of dicts are left out at once, whatever they hold.

    Raises:
        DataError: If the form is another one, lengths differ, or cells of a column cannot stand
            in one Arrow column.

    >>> to_table([{"a": 1}, {"a": None}], ["a"]).column("a").to_pylist()
    [1, None]
    """
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    if isinstance(rows, Mapping):
        missing = [name for name in columns if name not in rows]
        if only and missing:
            raise _missing(missing, columns, rows)
        wanted = {n: c for n, c in rows.items() if not only or n in columns}
        return _from_dicts([wanted], columns, only) if _is_row(wanted) else _from_columns(wanted)
    if hasattr(rows, "__arrow_c_stream__"):
        return _from_stream(rows)
    if isinstance(rows, Sequence) and not isinstance(rows, str | bytes):
        return _from_dicts(rows, columns, only)
    raise DataError(f"rows of type {type(rows).__name__} cannot be read", expected=_FORMS)


def select_columns(
    table: pa.Table, columns: Sequence[str], spare: Iterable[str], *, advice: str
) -> pa.Table:
    """The expected columns of a table, in the expected order.

    Args:
        table: Rows with named columns.
        columns: Names expected.
        spare: Names that may be there too and are not looked at.
        advice: What to do about a column that nobody expects.

    Raises:
        DataError: If one is missing or stands twice, or there is one that nobody expects.
    """
    found = table.column_names
    if found == list(columns):
        return table
    count = Counter(found)
    missing = [name for name in columns if name not in count]
    if missing:
        raise _missing(missing, columns, found)
    for name in columns:
        if count[name] > 1:
            raise DataError(f"the rows have {count[name]} columns called {name!r}")
    unknown = unused_columns(table, [*columns, *spare])
    if unknown:
        several = "columns" if len(unknown) > 1 else "a column"
        raise DataError(
            f"the rows have {several} {listed(unknown)} that the model does not know",
            expected=f"the columns {listed(columns)}",
            fix=advice,
        )
    return table.select(list(columns))


def left_out(rows: Rows, table: pa.Table, known: Iterable[str]) -> list[str]:
    """Columns of the rows that are not known, whether or not the table still has them.

    Args:
        rows: What was given.
        table: What `to_table` made of it.
        known: Names that are looked at, or may be there.
    """
    if isinstance(rows, Mapping):
        found = dict.fromkeys(rows)
    elif isinstance(rows, Sequence):
        found = dict.fromkeys(name for row in rows for name in row)
    else:
        return unused_columns(table, known)
    spare = set(known)
    return [str(name) for name in found if name not in spare]


def pandas_index(rows: Any) -> Any:
    """The index of a pandas table; None for every other form."""
    return rows.index if type(rows).__module__.partition(".")[0] == "pandas" else None


def unused_columns(table: pa.Table, known: Iterable[str]) -> list[str]:
    """Columns of a table that are not known, the index of a pandas table left out."""
    spare = set(known)
    found = [name for name in dict.fromkeys(table.column_names) if name not in spare]
    index = set(index_columns(table)) if found else set()
    return [name for name in found if name not in index]


def _missing(missing: Sequence[str], columns: Sequence[str], found: Iterable[str]) -> DataError:
    """What to say where columns are missing: all of them, and what they may be called instead."""
    no = "no columns" if len(missing) > 1 else "no column"
    return DataError(
        f"the rows have {no} {listed(missing)}",
        expected=f"the columns {listed(columns)}",
        fix=_renames(missing, columns, found) or _to_add(missing),
    )


def _to_add(missing: Sequence[str]) -> str:
    """What to do about columns that are not there under any name."""
    if len(missing) > 1:
        return "add them, with empty cells (null) where a value is not known"
    return "add it, with empty cells (null) where the value is not known"


def _renames(missing: Sequence[str], columns: Sequence[str], found: Iterable[str]) -> str | None:
    """Which of the columns found may be the missing ones under another name."""
    spare = set(map(str, found)).difference(columns)
    pairs = [(name, get_close_matches(name, spare, n=1, cutoff=0.5)) for name in missing]
    near = [f"{match[0]!r} to {name!r}" for name, match in pairs if match]
    return f"rename {', '.join(near[:_MOST_RENAMES])}?" if near else None


def index_columns(table: pa.Table) -> list[str]:
    """Columns that hold the index of a pandas table, which is no data."""
    try:
        note = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        return [name for name in note.get("index_columns", ()) if isinstance(name, str)]
    except (ValueError, AttributeError, TypeError):
        return []


def _is_row(cells: Mapping[str, Any]) -> bool:
    """Whether a dict is one row: it has cells, and no list or array is among them.

    >>> _is_row({"a": 1, "b": "x"}), _is_row({"a": [1], "b": "x"}), _is_row({})
    (True, False, False)
    """
    return bool(cells) and all(map(_is_cell, cells.values()))


def _is_cell(value: Any) -> bool:
    return isinstance(value, str | bytes) or not hasattr(value, "__len__")


def _from_columns(columns: Mapping[str, Any]) -> pa.Table:
    arrays = {str(name): _array(str(name), cells) for name, cells in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "the columns differ in length: "
            + ", ".join(f"{name!r} has {length}" for name, length in lengths.items()),
            expected="as many cells in each column",
        )
    return _with_texts(arrays)


def _from_dicts(rows: Sequence[Any], columns: Sequence[str], only: bool) -> pa.Table:
    names = dict.fromkeys(columns)
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DataError(
                f"row {index} is a {type(row).__name__}",
                expected=_FORMS,
                place=Place(row=index),
            )
        if not only:
            names.update(dict.fromkeys(row))
    for index, row in enumerate(rows):
        absent = [str(name) for name in names if name not in row]
        if absent:
            raise DataError(
                f"a row has no {listed(absent)}",
                expected=f"the columns {listed(columns)} in each row; null if not known",
                fix=_renames(absent, columns, row) or "give null where it is not known",
                place=Place(row=index),
            )
    return _with_texts(
        {str(name): _array(str(name), [row[name] for row in rows]) for name in names}
    )


def _from_stream(rows: Any) -> pa.Table:
    try:
        return pa.table(rows)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if pandas_index(rows) is not None:
            return _from_frame(rows)
        raise DataError(
            f"a {type(rows).__name__} cannot be read as a table: {_first_line(error)}",
            expected="one type of cells in each column",
        ) from None


def _from_frame(frame: Any) -> pa.Table:
    """A pandas table that Arrow refuses as a whole, column by column."""
    names = [str(name) for name in frame.columns]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataError(
            f"{times} columns are called {name!r}",
            expected="a name of its own for each column",
            fix="rename them: frame.columns = [...]",
        )
    cells = (series for _, series in frame.items())
    return _with_texts(
        {name: _array(name, series) for name, series in zip(names, cells, strict=True)}
    )


def _array(name: str, cells: Any) -> pa.Array | pa.ChunkedArray | _Texts:
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return cells
    if _is_cell(cells):
        raise DataError(
            f"there is one cell, {short(cells)}, where other columns have a list of cells",
            expected="a list or an array of cells in each column, or one row with a cell in each",
            place=Place(column=name),
        )
    try:
        return pa.array(cells, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        texts = texts_of(cells)
        if texts is not None:
            return _Texts(texts)
        raise DataError(
            f"the cells cannot stand in one column: {_first_line(error)}",
            expected="cells of one type (all text, all numbers, ...)",
            fix="make texts of them, or leave the column out",
            place=Place(column=name),
        ) from None


@dataclass(frozen=True)
class _Texts:
    """A column whose cells were of several kinds."""

    array: pa.Array

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.array)


def _with_texts(columns: Mapping[str, pa.Array | pa.ChunkedArray | _Texts]) -> pa.Table:
    """The columns as a table; which of them were made texts is said."""
    mixed = [name for name, column in columns.items() if isinstance(column, _Texts)]
    if mixed:
        events.message(f"columns with cells of several kinds are read as text: {listed(mixed)}")
    return pa.table(
        {n: column.array if isinstance(column, _Texts) else column for n, column in columns.items()}
    )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
