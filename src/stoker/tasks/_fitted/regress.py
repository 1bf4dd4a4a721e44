"""A regress task that has seen the training part's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.numbers import NumberCells
from stoker.core.errors import ArtifactError, RecipeError
from stoker.features import Transformed
from stoker.tasks import FittedTask

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST = float(np.finfo(np.float32).max)


class FittedRegress(NumberCells, FittedTask):
    """Turns numbers into (x - mean) / std, and back."""

    _step: ClassVar[str] = "regress"

    mean: float
    """Mean of the training targets."""
    std: Annotated[float, Field(gt=0)]
    """Their population standard deviation."""
    low: float
    """Smallest training target."""
    high: float
    """Largest training target."""

    @property
    def num_outputs(self) -> int:
        """One."""
        return 1

    @property
    def target_dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def constant_output_K(self) -> np.ndarray:
        """The mean of the training rows, which is 0 when standardised."""
        return np.zeros(1)

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Standardised numbers as float32; a missing or unreadable one is a bad cell.

        >>> halves = FittedRegress(mean=1, std=2, low=0, high=4)
        >>> halves.encode(pa.array([5, 1])).values
        array([2., 0.], dtype=float32)
        """
        read = self.read(column)
        with np.errstate(over="ignore"):
            value_N = (read.value_N - self.mean) / self.std
        already = {cell.index for cell in read.bad}
        gone_N = np.isnan(value_N)
        gone_N[list(already)] = False
        missing = (
            BadCell(int(i), "", "is missing; a number is needed") for i in gone_N.nonzero()[0]
        )
        far = (
            BadCell(int(i), repr(float(read.value_N[i])), "is too far from the training targets")
            for i in np.flatnonzero(np.abs(value_N) > _LARGEST)
        )
        bad = tuple(sorted((*read.bad, *missing, *far), key=lambda cell: cell.index))
        value_N[[cell.index for cell in bad]] = 0
        return Transformed(value_N.astype(np.float32), bad)

    def decode(self, output_NK: np.ndarray, weights: Sequence[float] | None = None) -> pa.Table:
        """Answers: `prediction` as float64, in the target's own unit.

        Args:
            output_NK: Standardised values, shape (N, 1), floating.
            weights: Of classes; a number has none.

        Raises:
            ArtifactError: If an output is NaN.
        """
        value_N = output_NK[:, 0].astype(np.float64)
        if np.isnan(value_N).any():
            row = int(np.flatnonzero(np.isnan(value_N))[0])
            raise ArtifactError(
                f"the model's output for row {row} is not a number",
                expected="finite outputs",
                fix="the weights or an input are damaged; verify the bundle, then look at that row",
            )
        return pa.table({"prediction": value_N * self.std + self.mean})

    def loss(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None,
        label_smoothing: float,
    ) -> Tensor:
        """Mean squared error of standardised values.

        Raises:
            RecipeError: If class weights or label smoothing are given, which need classes.
        """
        from torch.nn import functional

        if weight_K is not None or label_smoothing:
            raise RecipeError(
                "class weights and label smoothing mean nothing to regress",
                fix="leave train.class_weights and train.label_smoothing out",
            )
        return functional.mse_loss(output_NK[:, 0], target_N)

    def output_schema(self) -> dict[str, Any]:
        """An object with the predicted number."""
        return {
            "type": "object",
            "properties": {
                "prediction": {
                    "type": "number",
                    "description": f"Training saw {self.low:g} to {self.high:g}.",
                }
            },
            "required": ["prediction"],
        }
