"""What a row cleaner answered, held against what it promises: rows in = rows kept + rows rejected.

Cost: a bit a row, and one look at the ids of rejected rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stoker.core.errors import OwnCodeError
from stoker.core.names import listed
from stoker.data.clean import Cleaned
from stoker.data.rejects import SCHEMA


class RowsLeft:
    """Ids of the rows that are left, while one cleaner after the other judges them."""

    def __init__(self, num_rows: int, gone: np.ndarray) -> None:
        """Begin with all rows of a dataset but some.

        Args:
            num_rows: Rows of the dataset, whose ids count from 0.
            gone: Ids of those that are gone already.
        """
        self._is_left_N = np.ones(num_rows, bool)
        self._is_left_N[gone] = False

    def without(self, step: str, cleaned: object) -> Cleaned:
        """What a cleaner answered, once it is known to be about rows that were left.

        Args:
            step: Name of the cleaner.
            cleaned: What its `clean` returned.

        Raises:
            OwnCodeError: If it is no `Cleaned`, or rejects what it was not given, or a row twice.
        """
        if not isinstance(cleaned, Cleaned):
            raise OwnCodeError(
                f"your step {step} returned {type(cleaned).__name__} from clean",
                expected="Cleaned(rejected, notes)",
            )
        lacking = [name for name in SCHEMA.names if name not in cleaned.rejected.column_names]
        if lacking:
            raise OwnCodeError(
                f"what your step {step} rejected lacks the columns {listed(lacking)}",
                expected="a table as stoker.data.reject_rows.reject_rows makes it",
            )
        self._take(step, cleaned.rejected["_row"].to_pylist())
        return cleaned

    def _take(self, step: str, rows: Sequence[int | None]) -> None:
        for row in rows:
            if row is None or not 0 <= row < len(self._is_left_N) or not self._is_left_N[row]:
                raise OwnCodeError(
                    f"your step {step} rejected the row with _row {row}, which it was not given or "
                    "has rejected before",
                    expected="the _row of rows that clean was given, each at most once",
                )
            self._is_left_N[row] = False


def require_all_kept(steps: Sequence[str], written: int, kept: int) -> None:
    """Refuse mended rows that are more or fewer than those that were not rejected.

    Raises:
        OwnCodeError: Naming the steps that mended.
    """
    if written != kept:
        raise OwnCodeError(
            f"your step {listed(steps)} left {written:,} rows, and {kept:,} were not rejected",
            expected="as mended all rows but the rejected, each once",
        )
