"""How many test rows equal a training row in all that the model sees, target included.

In a table this is told and not prevented.  Where most rows differ it hints at copies, which make
the score too good; in a table of a few categories it is only natural, see decision 018.

Cost: 10 ns a cell, and 8 bytes a row.

Source: the mixing function is the finaliser of SplitMix64, Steele et al. 2014,
https://doi.org/10.1145/2714064.2660195
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from stoker.core import events
from stoker.data.split import mix

_TRAIN, _TEST = 0, 2


class Copies:
    """Keys of prepared rows, by part, gathered chunk by chunk."""

    def __init__(self) -> None:
        """Begin with none."""
        self._keys: dict[int, list[np.ndarray]] = {_TRAIN: [], _TEST: []}

    def add(self, columns: Iterable[np.ndarray], part_N: np.ndarray) -> None:
        """Take the rows of a chunk.

        Args:
            columns: Prepared inputs and target, of shape (N,) or (N, ...).
            part_N: Part of each row; -1 for one that is not used.
        """
        key_N: np.ndarray[Any, np.dtype[np.uint64]] = np.zeros(len(part_N), np.uint64)
        for column in columns:
            flat_ND = column.reshape(len(column), -1)
            for place in range(flat_ND.shape[1]):
                key_N = mix(key_N ^ _bits_N(flat_ND[:, place]))
        for part, keys in self._keys.items():
            keys.append(key_N[part_N == part])

    def tell(self) -> int:
        """Say how many test rows equal a training row; gives their number."""
        train_N, test_N = (np.concatenate([*keys, _NONE]) for keys in self._keys.values())
        train_N.sort()
        num_different = int((train_N[1:] != train_N[:-1]).sum()) + bool(len(train_N))
        at_N = np.minimum(np.searchsorted(train_N, test_N), max(0, len(train_N) - 1))
        copies = int((train_N[at_N] == test_N).sum()) if len(train_N) else 0
        if copies:
            said = (
                f"{copies:,} of {len(test_N):,} test rows equal a training row, target included; "
                "data.split.keep_duplicates_together: true keeps equal rows in one part"
            )
            most_differ = 2 * num_different > len(train_N)
            (events.warning if most_differ else events.message)(said)
        return copies


_NONE = np.zeros(0, np.uint64)


def _bits_N(values_N: np.ndarray) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Cells as uint64, equal for equal ones: one zero, one NaN.

    >>> _bits_N(np.array([0.0, -0.0, np.nan, -np.nan])).tolist()
    [0, 0, 9221120237041090560, 9221120237041090560]
    """
    if values_N.dtype.kind != "f":
        return values_N.astype(np.int64).view(np.uint64)
    value_N = values_N.astype(np.float64) + 0.0
    value_N[np.isnan(value_N)] = np.nan
    return value_N.view(np.uint64)
