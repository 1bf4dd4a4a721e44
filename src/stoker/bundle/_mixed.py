"""Cells of several kinds as texts, as if the table had been saved as CSV and read again.

A column of Python objects may hold numbers beside words (`k.A.`, `n/a`), as spreadsheets do; Arrow
has no type for it.  Whole numbers become their digits, whatever type they have, truth values
`true` and `false`, so that a cell is the same text wherever it stands; missing cells stay missing.

Cost: a Python call a cell, only of columns that Arrow refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Number
from typing import Any

import pyarrow as pa

_LARGEST_EXACT = 2**53
_MISSING = ("NAType", "NaTType")
"""Classes of pandas' missing cells."""


def texts_of(cells: Iterable[Any]) -> pa.Array | None:
    """The cells as texts; None if one of them is a list, a mapping, bytes or something unknown.

    >>> texts_of([1, 2.0, "k.A.", None, True, 0.5]).to_pylist()
    ['1', '2', 'k.A.', None, 'true', '0.5']
    """
    found = list(cells)
    known = (str, Number, Decimal, date, time, timedelta)
    if any(not isinstance(cell, known) for cell in found if not _is_missing(cell)):
        return None
    try:
        return pa.array([None if _is_missing(cell) else _text(cell) for cell in found], pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        return None


def _is_missing(cell: Any) -> bool:
    if cell is None or type(cell).__name__ in _MISSING:
        return True
    return isinstance(cell, Number) and bool(cell != cell)


def _text(cell: Any) -> str:
    if isinstance(cell, bool) or type(cell).__name__ == "bool":
        return "true" if cell else "false"
    if isinstance(cell, float) or type(cell).__name__.startswith("float"):
        number = float(cell)
        is_whole = number.is_integer() and abs(number) <= _LARGEST_EXACT
        return str(int(number)) if is_whole else str(cell)
    return str(cell)
