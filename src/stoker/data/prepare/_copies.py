"""How many test rows equal a training row in all that the model sees, target included.

In a table this is told and not prevented, see decision 018.  Equal rows of a few rounded numbers
or categories are no surprise; many more of them than chance gives hint at copies, which make the
score too good, and are warned of.  Chance is that two rows agree in every column, as if columns
knew nothing of each other.

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
_SAMPLED = 2_000
"""Training rows that chance is estimated from."""
_SURPRISE = 10.0
"""Times what chance gives; columns do know something of each other."""


class Copies:
    """Keys of prepared rows, by part, gathered chunk by chunk."""

    def __init__(self) -> None:
        """Begin with none."""
        self._keys: dict[int, list[np.ndarray]] = {_TRAIN: [], _TEST: []}
        self._chance: float | None = None

    def add(self, columns: Iterable[np.ndarray], part_N: np.ndarray) -> None:
        """Take the rows of a chunk.

        Args:
            columns: Prepared inputs and target, of shape (N,) or (N, ...).
            part_N: Part of each row; -1 for one that is not used.
        """
        train_N = np.flatnonzero(part_N == _TRAIN)[:_SAMPLED]
        chance = 1.0
        key_N: np.ndarray[Any, np.dtype[np.uint64]] = np.zeros(len(part_N), np.uint64)
        for column in columns:
            flat_ND = column.reshape(len(column), -1)
            for place in range(flat_ND.shape[1]):
                bits_N = _bits_N(flat_ND[:, place])
                key_N = mix(key_N ^ bits_N)
                if self._chance is None:
                    chance *= _agree(bits_N[train_N])
        if len(train_N) and self._chance is None:
            self._chance = chance
        for part, keys in self._keys.items():
            keys.append(key_N[part_N == part])

    def tell(self) -> int:
        """Say how many test rows equal a training row; gives their number."""
        train_N, test_N = (np.concatenate([*keys, _NONE]) for keys in self._keys.values())
        train_N.sort()
        at_N = np.minimum(np.searchsorted(train_N, test_N), max(0, len(train_N) - 1))
        copies = int((train_N[at_N] == test_N).sum()) if len(train_N) else 0
        if copies:
            said = (
                f"{copies:,} of {len(test_N):,} test rows equal a training row, target included; "
                "data.split.keep_duplicates_together: true keeps equal rows in one part"
            )
            by_chance = len(train_N) * len(test_N) * (self._chance or 0.0)
            (events.warning if copies > _SURPRISE * by_chance else events.message)(said)
        return copies


def row_keys(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """One number for each row of any length, equal for equal rows, int64 (N,).

    >>> keys = row_keys(np.array([1, 2, 2, 1, 1, 2]), np.array([0, 2, 4, 6, 6]))
    >>> bool(keys[0] == keys[2]), len(set(keys.tolist()))
    (True, 3)
    """
    length_N = np.diff(offsets)
    flat_VD = values.reshape(len(values), -1)
    place_V = np.arange(len(values)) - np.repeat(offsets[:-1], length_N)
    key_V = mix(place_V.astype(np.uint64))
    for bits_V in map(_bits_N, flat_VD.T):
        key_V = mix(key_V ^ bits_V)
    sum_V = np.concatenate([_ZERO, np.cumsum(key_V, dtype=np.uint64)])
    key_N = sum_V[offsets[1:]] - sum_V[offsets[:-1]]
    return mix(key_N ^ length_N.astype(np.uint64)).view(np.int64)


def _agree(bits_N: np.ndarray) -> float:
    """How often two of these cells are equal, at least once in all pairs.

    >>> _agree(np.array([1, 1, 2, 2]))
    0.3333333333333333
    """
    counts = np.unique(bits_N, return_counts=True)[1].astype(np.float64)
    pairs = len(bits_N) * (len(bits_N) - 1)
    return max(1.0, float((counts * (counts - 1)).sum())) / pairs if pairs else 1.0


_NONE, _ZERO = np.zeros(0, np.uint64), np.zeros(1, np.uint64)


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
