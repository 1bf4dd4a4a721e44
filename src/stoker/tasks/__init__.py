"""Tasks: what is asked of a target; one file each with loss and output schema.

`Task.fit` looks at the training part's target and gives a `FittedTask`, which is stored in the
bundle; `classify.py` holds the recipe's step and what it learned.
Only `loss` needs torch, and imports it when called: a server loads this package without torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from torch import Tensor

    from stoker.features import Transformed


class FittedTask(Step, ABC):
    """A task that has seen the training part's target."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """Width of the model's raw output: classes, or 1."""

    @property
    @abstractmethod
    def target_dtype(self) -> np.dtype[Any]:
        """Type of the encoded target: int64 class codes, or float32 standardised values."""

    @property
    @abstractmethod
    def constant_output_K(self) -> np.ndarray:
        """The best raw output for every row that looks at no input: what a model has to beat."""

    @abstractmethod
    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Targets as the loss wants them; a label never seen in training is a bad cell."""

    @abstractmethod
    def decode(self, output_NK: np.ndarray, weights: Sequence[float] | None = None) -> pa.Table:
        """Raw outputs (logits, standardised values) as answers, with a column `prediction`.

        Args:
            output_NK: Shape (N, num_outputs).
            weights: What the probability of each class is multiplied with before the largest is
                answered; None: nothing.
        """

    @abstractmethod
    def loss(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None,
        label_smoothing: float,
    ) -> Tensor:
        """Mean loss of a batch, a scalar tensor.

        It is the sum over rows divided by their number, class weights or not, so that the mean of
        equal micro-batches is the loss of the whole batch.

        Args:
            output_NK: Raw outputs of the model, K = num_outputs.
            target_N: Encoded targets; `classify` also takes soft ones, shape (N, K), from mixup.
            weight_K: Weight of each class, or None.
            label_smoothing: Share of a target that is spread over all classes, in [0, 1).
        """

    @abstractmethod
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of one answer."""


class Task(Step, ABC):
    """What is asked of a target, before anything was seen."""

    @abstractmethod
    def fit(self, target: pa.ChunkedArray) -> FittedTask:
        """Learn classes or scale from the training part.

        Raises:
            DataError: If there is nothing to learn: one class only, a constant, all missing.
        """

    def missing_N(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Which cells hold no target at all, bool; a bad one is not missing."""
        from stoker.cells.categories import missing_categories

        return missing_categories(column)
