"""Split: give each row to train, validation or test.

What every splitter promises: each row gets exactly one part; rows of the same group, and pictures
of the same content, never stand in two parts; rows whose source names a part stay there; the same
seed and files give the same parts, and a new column, a mended cell or new rows at the end of a file
leave nearly all old rows where they were.

The last one holds because nothing is drawn one after the other: each unit carries a key made of
the place of its first row (which file, which line), and its random number is a mixture of that key
and the seed.  See decision 013.

Files whose names begin with an underscore are no steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from stoker.core.steps import Step

if TYPE_CHECKING:
    from typing import Any

PARTS = ("train", "validation", "test")

Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class SplitRows:
    """What a splitter may look at: rows whose part is still open."""

    unit_N: np.ndarray
    """int64: rows with equal numbers (same content, same group) must share a part; 0..U-1."""
    key_U: np.ndarray
    """uint64: key of each unit, made of the place of its first row and not of its content."""
    label_N: np.ndarray | None
    """int64 codes 0..K-1 of the column to stratify by, in an order that is not that of the rows,
    or None."""
    time_N: np.ndarray | None
    """float64 or int64 moments to order by, or None."""

    @cached_property
    def size_U(self) -> np.ndarray:
        """Rows of each unit, int64."""
        return np.bincount(self.unit_N, minlength=len(self.key_U))

    def draw_U(self, seed: int) -> np.ndarray:
        """A random number for each unit, uint64: the same for the same seed and key.

        The mixture is the finaliser of SplitMix64 (Steele et al. 2014), twice.
        """
        return mix(mix(self.key_U ^ np.uint64(seed & 0xFFFF_FFFF_FFFF_FFFF)))


class Splitter(Step, ABC):
    """A step that divides rows."""

    needs: ClassVar[Literal["group", "time", "stratify"] | None] = None
    """Key of `data.split` without which the step has no meaning."""

    test: Share = 0.15
    """Share of rows kept for the one final score; 0 where a source names the test part."""

    validation: Share = 0.15
    """Share of rows for early stopping, choice of hyperparameters and gates."""

    @abstractmethod
    def divide(self, rows: SplitRows, *, test: float, validation: float, seed: int) -> np.ndarray:
        """Part of each row as int8: 0 train, 1 validation, 2 test.

        Args:
            rows: Only rows whose part is still open.
            test: Share of these rows for test (the recipe's share, or 0 if a source brought a test
                part).
            validation: Share of these rows for validation.
            seed: Source of all randomness.
        """


def mix(word_U: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """SplitMix64's finaliser: every input bit changes every output bit half of the time.

    >>> mix(np.array([0, 1], np.uint64)).tolist()
    [16294208416658607535, 10451216379200822465]
    """
    word_U = word_U + np.uint64(0x9E37_79B9_7F4A_7C15)
    word_U = (word_U ^ (word_U >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    word_U = (word_U ^ (word_U >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return word_U ^ (word_U >> np.uint64(31))
