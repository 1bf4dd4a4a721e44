"""Whether a column only numbers the rows: whole numbers from 0 or more, none twice in a file.

An index of pandas counts 0, 1, 2, ...; one of a part of a table has gaps, and one of shuffled rows
has no order.  All of them say where a row stood once, and nothing that holds for another row.

Cost: eight bytes a row.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_WHOLE = r"^\d{1,18}$"


class RowNumbers:
    """Looks at the cells of a column as they pass by.

    >>> numbers = RowNumbers()
    >>> numbers.begin_file()
    >>> numbers.see(pa.chunked_array([["0", "2", "1"]]))
    >>> numbers.are_all
    True
    """

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._seen: list[np.ndarray] = []
        self._num_seen = 0
        self._sound = True
        self._num_files = 0

    def begin_file(self) -> None:
        """Numbers may begin again from here."""
        self._sound = self.are_all or not self._num_seen
        self._seen = []
        self._num_files += 1

    def see(self, column: pa.ChunkedArray) -> None:
        """Take some cells of text."""
        self._num_seen += len(column)
        is_whole = pc.match_substring_regex(column, _WHOLE)
        self._sound = self._sound and bool(pc.all(is_whole, skip_nulls=False).as_py())
        if self._sound:
            self._seen.append(column.cast(pa.int64()).to_numpy())

    @property
    def begun(self) -> bool:
        """Whether a file was begun."""
        return self._num_files > 0

    @property
    def are_all(self) -> bool:
        """Whether every cell so far is the number of its row."""
        if not self._sound or not self._num_seen:
            return False
        number_N = np.concatenate([np.zeros(0, np.int64), *self._seen])
        return len(np.unique(number_N)) == len(number_N)
