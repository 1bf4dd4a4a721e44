"""Clean: drop or mend rows, and say which and why.

There are two kinds of cleaner, and the difference is what keeps the test set honest.  A
`RowCleaner` decides about rows before they are split and learns nothing.  A `FittedCleaner` learns
numbers (a median, a quartile), and so it is fitted on the training part alone, after the split;
what it learned is a value that travels in the bundle and treats rows in serving exactly as in
training.  `missing.py` holds such a recipe step and what it learned.

Files whose names begin with an underscore are no steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stoker.data.dataset import Dataset
    from stoker.engine import Frame
    from stoker.features import Feature


class Cleaner(Step, ABC):
    """Anything that may stand under `data.clean`."""


@dataclass(frozen=True)
class Cleaned:
    """What a row cleaner leaves."""

    rejected: pa.Table
    """One record per row that goes: columns of `stoker.data.rejects.SCHEMA`."""
    notes: dict[str, object]
    """Numbers for the report, JSON values only."""
    mended: Frame | None = None
    """Rows that stay, with all their columns; None: every row but the rejected, as it was."""


class RowCleaner(Cleaner, ABC):
    """A cleaner that judges rows before the split.

    Promise: rows in = rows kept + rows rejected; kept rows keep their ids; cleaning twice changes
    nothing more.
    """

    unusable: ClassVar[bool] = False
    """Whether what it rejects is data of which nothing can be made, so that it counts against
    `data.max_rejects`; a cleaner that the recipe asks for leaves out what could be used."""

    seconds_per_mb: ClassVar[float] = 0.0
    """What it takes for each megabyte of the sources, where it reads all that a row holds."""

    @abstractmethod
    def clean(self, rows: Frame, dataset: Dataset) -> Cleaned:
        """Judge `rows`; `dataset` gives the roles of columns and the media."""


class CleanerState(Step, ABC):
    """What a fitted cleaner learned; stored in the bundle, applied without Daft or torch."""

    @abstractmethod
    def apply(self, rows: pa.Table) -> pa.Table:
        """The rows mended: as many, in the same order; other columns stay as they are."""

    @abstractmethod
    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """Which cells of each column it speaks about, bool of shape (N,), for the report."""

    @abstractmethod
    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        """Training rows to leave out: (index, column, found, reason); serving never calls it."""


class FittedCleaner(Cleaner, ABC):
    """A cleaner that learns from the training part.

    Promise: what it learned depends on training rows only; `apply` keeps number and order of rows;
    the state survives JSON unchanged.
    """

    @abstractmethod
    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> CleanerState:
        """Learn from the training rows.

        Args:
            rows: Training rows, input columns only (media columns left out).
            features: Feature of each input column; it knows how cells are written.
        """
