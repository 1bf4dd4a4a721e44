"""Probes: what a model does with its inputs, asked on validation rows; one file each.

Test rows are scored once, for the scores alone, so nothing here looks at them.  Promise of every
probe: equal subjects give equal findings (rows are drawn by a seed and counted, never timed), and
it asks the model for no more than a bounded number of answers, whatever the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from stoker.answers import Answers
from stoker.cells.ragged import Ragged, Rows, rows_at
from stoker.evaluate.score import answers_of
from stoker.tasks import FittedTask

Tensors = Mapping[str, Rows]


@dataclass(frozen=True)
class Probed:
    """A model and the rows that it is asked about."""

    outputs_of: Callable[[Mapping[str, Any]], np.ndarray]
    """Raw outputs of the tensors of all input columns."""
    columns: Tensors
    """Tensor of each input column."""
    target_N: np.ndarray
    """Encoded targets."""
    task: FittedTask
    seed: int
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of the codes of a column of categories, from code 1 on; 0 is missing or unseen."""
    calendar: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of the parts of columns that hold moments, such as `weekday`."""
    threshold: float | None = None
    """Of the bundle, where it answers the second of two classes from another probability on."""

    @cached_property
    def output_NK(self) -> np.ndarray:
        """Outputs of the rows as they are, (N, K)."""
        return self.outputs_of(self.columns)

    @cached_property
    def answers(self) -> Answers:
        """Answers beside the truth."""
        return answers_of(self.output_NK, self.target_N, self.task)

    @cached_property
    def vectors(self) -> dict[str, np.ndarray]:
        """Columns of one value a row."""
        return {name: value for name, value in self.arrays.items() if value.ndim == 1}

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Columns whose rows have one shape."""
        return {n: value for n, value in self.columns.items() if not isinstance(value, Ragged)}

    def is_category(self, name: str) -> bool:
        """Whether a column holds codes."""
        return np.issubdtype(self.arrays[name].dtype, np.integer)

    def drawn(self, most: int, purpose: int) -> Probed:
        """The same with at most so many rows, drawn by the seed."""
        size = len(self.target_N)
        if size <= most:
            return self
        row_M = np.random.default_rng((self.seed, purpose)).permutation(size)[:most]
        row_M.sort()
        return Probed(
            self.outputs_of,
            {name: rows_at(value, row_M) for name, value in self.columns.items()},
            self.target_N[row_M],
            self.task,
            self.seed,
            self.categories,
            self.calendar,
            self.threshold,
        )
