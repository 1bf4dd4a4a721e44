"""A row that stands twice, beside ones that differ or are missing."""

from __future__ import annotations

from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.testing import assert_cleaner


def check(kind: type[ExactDuplicates]) -> None:
    columns = {"label": ["a", "b", "a", None, "c"], "size": ["1", "2", "1", "1", None]}
    assert_cleaner(kind(), columns, rejected=[2])
    assert_cleaner(kind(columns=("size",)), columns, rejected=[2, 3])
