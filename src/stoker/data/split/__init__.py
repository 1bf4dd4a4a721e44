"""Split: give each row to train, validation or test.

What every splitter promises: each row gets exactly one part; rows with the same content or the
same group never stand in two parts; rows whose source names a part stay there; the same seed and
rows give the same parts, whatever the order of the rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np

PARTS = ("train", "validation", "test")

Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class SplitRows:
    """What a splitter may look at, one entry a row."""

    unit_N: np.ndarray
    """int64: rows with equal numbers (same content, same group) must share a part; 0..U-1 in order of first row."""
    label_N: np.ndarray | None
    """int64 codes of the column to stratify by, or None."""
    time_N: np.ndarray | None
    """float64 or int64 moments to order by, or None."""


class Splitter(Step, ABC):
    """A step that divides rows."""

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
