"""Which sign stands before fractions in a table, told by its columns of text together.

`1.542` alone may be a thousand or not; beside a column of `36,5` it is one.  Columns that say
themselves what their signs mean speak, numbers of a typed file and columns in doubt do not.

Cost: microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from stoker.data.profile.column import ColumnProfile


def decimal_sign(columns: Sequence[ColumnProfile], *, usual: str = "") -> str:
    """The sign before fractions, empty if nothing tells or columns disagree.

    Args:
        columns: What was counted.
        usual: What the form of the file suggests, where no column tells.
    """
    found = {sign for sign in map(_sign, columns) if sign}
    return found.pop() if len(found) == 1 else "" if found else usual


def is_in_doubt(column: ColumnProfile) -> bool:
    """Whether a sign of its numbers may mean two things."""
    texts = column.texts
    return texts is not None and texts.number is not None and texts.number.is_ambiguous


def _sign(column: ColumnProfile) -> str:
    """The sign before fractions that one column shows."""
    texts, numbers = column.texts, column.numbers
    if texts is None or numbers is None or numbers.is_time or is_in_doubt(column):
        return ""
    options = {} if texts.number is None else texts.number.options
    if "," in (options.get("thousands"), options.get("decimal")):
        return "," if options.get("decimal") == "," else "."
    return "" if numbers.is_whole else "."
