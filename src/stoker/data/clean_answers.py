"""What a row cleaner answered, held against what it promises: rows in = rows kept + rows rejected.

Cost: 8 bytes a row, and a look at them for each cleaner that rejects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stoker.core.errors import OwnCodeError
from stoker.core.names import listed
from stoker.data.clean import Cleaned
from stoker.data.rejects import SCHEMA


class RowsLeft:
    """Ids of the rows that are left, while one cleaner after the other judges them."""

    def __init__(self, row_N: np.ndarray, gone: np.ndarray) -> None:
        """Begin with all rows of a dataset but some.

        Args:
            row_N: Ids of the rows.
            gone: Ids of those that are gone already.
        """
        self._left = np.sort(row_N[~np.isin(row_N, gone)])

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
        self._take(step, cleaned.rejected["_row"])
        return cleaned

    def _take(self, step: str, rows: pa.ChunkedArray) -> None:
        row_M = np.sort(rows.drop_null().to_numpy())
        is_wrong_M = ~np.isin(row_M, self._left)
        is_wrong_M[1:] |= row_M[1:] == row_M[:-1]
        if rows.null_count or is_wrong_M.any():
            row = None if rows.null_count else row_M[is_wrong_M][0]
            raise OwnCodeError(
                f"your step {step} rejected the row with _row {row}, which it was not given, or "
                "which is gone already",
                expected="the _row of rows that clean was given, each at most once",
            )
        self._left = self._left[~np.isin(self._left, row_M)]


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
