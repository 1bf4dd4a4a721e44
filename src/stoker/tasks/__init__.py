"""Tasks: what is asked of a target; one file each with loss, output schema and metrics.

`Task.fit` looks at the training part's target and gives a `FittedTask`, which is stored in the
bundle.
Only `loss` needs torch, and imports it when called: a server loads this package without torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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

    @abstractmethod
    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Targets as the loss wants them; a label never seen in training is a bad cell."""

    @abstractmethod
    def decode(self, output_NK: np.ndarray) -> pa.Table:
        """Raw outputs (logits, standardised values) as answers, with a column `prediction`."""

    @abstractmethod
    def loss(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None,
        label_smoothing: float,
    ) -> Tensor:
        """Mean loss of a batch, a scalar tensor."""

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
