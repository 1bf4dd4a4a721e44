"""Names of columns that a source may have, checked the same way by every source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stoker.core.errors import DataError, Place
from stoker.core.events import message, warning
from stoker.data.acquire import OWN_COLUMNS

MOST_COLUMNS = 10_000
ROW_NAME = "row_name"
"""Name of a nameless first column: there pandas writes its index, and R the names of rows."""


def with_names(header: Sequence[str]) -> list[str]:
    """A header whose nameless columns have names; one without any name is left as it is.

    >>> with_names(["", "x", "", "y"]), with_names(["", ""])
    (['row_name', 'x', 'column_3', 'y'], ['', ''])
    """
    if not any(header):
        return list(header)
    taken = set(header)
    return [name or _free_name(position, taken) for position, name in enumerate(header)]


def _free_name(position: int, taken: set[str]) -> str:
    name = f"column_{position + 1}" if position else ROW_NAME
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def free_name(name: str, taken: set[str]) -> str:
    """A name that is not taken yet, with a number behind it where it is; it is taken then.

    >>> taken = set()
    >>> free_name("a", taken), free_name("a", taken), free_name("a", taken)
    ('a', 'a_2', 'a_3')
    """
    number, new = 1, name
    while new in taken:
        number += 1
        new = f"{name}_{number}"
    taken.add(new)
    return new


def tell_names(header: Sequence[str], label: str) -> None:
    """Say what nameless columns are called."""
    found = zip(header, with_names(header), strict=True)
    named = [name for old, name in found if not old and name]
    rest = [name for name in named if name != ROW_NAME]
    if len(rest) < len(named):
        message(f"{label}: the first column has no name; it is called {ROW_NAME!r}")
    if rest:
        shown = ", ".join(map(repr, rest[:20])) + (", ..." if len(rest) > 20 else "")
        warning(f"{label}: columns without a name are called {shown}")


def name_problem(names: Sequence[str]) -> str | None:
    """What is wrong with the names of columns, if something is.

    >>> name_problem(["a", "b", "a"])
    "2 columns are called 'a'"
    """
    if not names:
        return "there are no columns"
    if len(names) > MOST_COLUMNS:
        return f"{len(names):,} columns are more than {MOST_COLUMNS:,}"
    if "" in names:
        return f"column {list(names).index('') + 1} has no name"
    own = [name for name in names if name in OWN_COLUMNS]
    if own:
        return f"the name {own[0]!r} is stoker's own"
    name, times = Counter(names).most_common(1)[0]
    return f"{times} columns are called {name!r}" if times > 1 else None


def choose_columns(
    there: Sequence[str], wanted: Sequence[str] | None, place: Place
) -> tuple[str, ...]:
    """The columns to read: those wanted, or all.

    Raises:
        DataError: If one that is wanted is not there, or the names will not do.
    """
    problem = name_problem(there) if wanted is None else None
    if wanted is not None:
        absent = [name for name in wanted if name not in there]
        problem = f"no column {absent[0]!r}" if absent else name_problem(wanted)
        twice = [name for name in wanted if list(there).count(name) > 1]
        problem = problem or (f"several columns are called {twice[0]!r}" if twice else None)
    if problem:
        raise DataError(
            problem,
            expected=f"one of {', '.join(there[:20])}" if wanted else "one name for each column",
            fix="choose columns with the option `columns`",
            place=place,
        )
    return tuple(there if wanted is None else wanted)
