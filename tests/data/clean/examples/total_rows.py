"""A last row that is the sum of those above it."""

from __future__ import annotations

from stoker.data.clean.total_rows import TotalRows
from stoker.testing import assert_cleaner


def check(kind: type[TotalRows]) -> None:
    numbers = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    columns = {"label": [*"abcabcabcabc", None], "size": [*map(str, numbers), str(sum(numbers))]}
    assert_cleaner(kind(), columns, rejected=[12])
