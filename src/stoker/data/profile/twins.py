"""Find columns that are the target under another name.

A column whose values stand one to one for those of the target answers the question before it is
asked.  The counts of the profile leave few candidates; only these are read again.

Targets whose values hardly repeat have no twins here: every column of distinct values would be one.

Cost: two columns of text for each candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.data.profile.column import ColumnProfile, Profile
from stoker.data.profile.tally import tally
from stoker.engine.table_file import read_table

_LEAST_REPEATED = 2
_MOST_READ = 20


def find_twins(profile: Profile, rows_path: Path, target: str) -> list[str]:
    """Columns whose values stand one to one for those of the target.

    Args:
        profile: What was counted.
        rows_path: The table that was counted.
        target: Name of the target column.
    """
    column = profile.column(target)
    if column is None or column.distinct < 2 or column.present < _LEAST_REPEATED * column.distinct:
        return []
    names = [other.name for other in profile.columns if _may_be(column, other)][:_MOST_READ]
    if not names:
        return []
    code_N = _codes(rows_path, target)
    return [name for name in names if _one_to_one(code_N, _codes(rows_path, name))]


def _may_be(target: ColumnProfile, other: ColumnProfile) -> bool:
    """Whether counts allow it: as many values, and the most frequent of them as often."""
    if other.name == target.name or other.is_media or other.distinct != target.distinct:
        return False
    if abs(other.missing - target.missing) > 0:
        return False
    return _counts(other.frequent) == _counts(target.frequent)


def _counts(frequent: Sequence[tuple[str, int]]) -> list[int]:
    return [cells for _, cells in frequent]


def _codes(rows_path: Path, name: str) -> np.ndarray:
    column = read_table(rows_path, [name])[name]
    if not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type)):
        column = column.cast(pa.string())
    return tally(column).index_N


def _one_to_one(code_N: np.ndarray, other_N: np.ndarray) -> bool:
    """Whether each value of one meets one value of the other, missing cells being a value."""
    pairs = len(np.unique(np.column_stack([code_N, other_N]), axis=0))
    return pairs == len(np.unique(code_N)) == len(np.unique(other_N))
