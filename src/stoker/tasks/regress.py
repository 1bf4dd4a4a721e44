"""Regress: a number.

The model learns (x - mean) / std of the training targets, with squared error; answers are turned
back in float64, so that large numbers keep their small differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from stoker.answers import Answers
from stoker.answers.numbers import NumberAnswers
from stoker.cells import BadCell
from stoker.cells.column import Column
from stoker.cells.number_advice import missing_options, options_text
from stoker.cells.numbers import NumberCells
from stoker.cells.spelling import canonical
from stoker.core.errors import ArtifactError, DataError
from stoker.features import Transformed
from stoker.features.number import mean_and_std
from stoker.tasks import FittedTask, OutputSpec, Task

_LARGEST = float(np.finfo(np.float32).max)


class FittedRegress(NumberCells, FittedTask):
    """Turns numbers into (x - mean) / std, and back."""

    _step: ClassVar[str] = "regress"
    gives: ClassVar[type[Answers]] = NumberAnswers
    loss: ClassVar[str] = "mse"
    predicts: ClassVar[str] = "the number"

    mean: float
    """Mean of the training targets."""
    std: Annotated[float, Field(gt=0)]
    """Their population standard deviation."""
    low: float
    """Smallest training target."""
    high: float
    """Largest training target."""

    @property
    def output(self) -> OutputSpec:
        """One standardised value."""
        return OutputSpec(("row", "value"), 1)

    @property
    def primary(self) -> tuple[str, ...]:
        """The error in the target's own unit."""
        return ("rmse",)

    @property
    def watched(self) -> tuple[str, ...]:
        """The share of the variance, which has no unit."""
        return ("r2",)

    @property
    def target_form(self) -> Column:
        """float32, a value a row."""
        return Column("float32")

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

    def answers(
        self, output_NK: np.ndarray, target_N: np.ndarray, weights: Sequence[float] | None = None
    ) -> NumberAnswers:
        """Predicted numbers beside true ones, in the target's own unit."""
        answer_N = output_NK[:, 0].astype(np.float64) * self.std + self.mean
        return NumberAnswers(answer_N, target_N.astype(np.float64) * self.std + self.mean)

    def loss_as_read(self, mean_loss: float) -> float:
        """The root of a mean squared error of standardised values, in the target's own unit."""
        return self.gives.as_read(mean_loss) * self.std

    def why_not_like(self, other: FittedTask) -> str:
        """Any number in the same unit will do."""
        if not isinstance(other, FittedRegress):
            return "it was made for another task"
        if other.base_unit == self.base_unit:
            return ""
        return (
            f"it answers in {other.base_unit!r}" if other.base_unit else "it answers without unit"
        )

    def outputs_from(self, other: FittedTask, output_NK: np.ndarray) -> np.ndarray:
        """Its values in this unit.

        >>> old, new = (FittedRegress(mean=m, std=s, low=0, high=9) for m, s in ((1, 2), (2, 4)))
        >>> new.outputs_from(old, np.array([[1.5]])).tolist()
        [[0.5]]
        """
        assert isinstance(other, FittedRegress)
        return (output_NK * other.std + other.mean - self.mean) / self.std

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


class Regress(NumberCells, Task):
    """Predict a number of each row."""

    _step: ClassVar[str] = "regress"
    gives: ClassVar[type[Answers]] = NumberAnswers

    def called(self, count: Mapping[str, int]) -> dict[str, str]:
        """The number of each spelling; a text that is no number keeps itself.

        >>> Regress(decimal=",").called({"1,50": 2, "1,5": 1, "?": 1})
        {'1,50': '1.5', '1,5': '1.5', '?': '?'}
        """
        value_N = self.read(pa.array(list(count), pa.string())).value_N
        numbers = zip(count, value_N.tolist(), strict=True)
        return {text: text if value != value else canonical(repr(value)) for text, value in numbers}

    def fit(self, target: pa.ChunkedArray) -> FittedRegress:
        """Learn the scale.

        Raises:
            DataError: If no target can be read, or all are the same number.
        """
        read = self.read(target)
        value_N = read.value_N[~np.isnan(read.value_N)]
        if not len(value_N):
            options = missing_options([bad.found for bad in read.bad])
            examples = [f", such as {bad.found!r}, which {bad.reason}" for bad in read.bad[:1]]
            raise DataError(
                f"no number among {len(target)} training targets{''.join(examples)}",
                expected="a column of numbers",
                fix=f"say regress: {options_text(options)}"
                if options
                else "say classify for labels",
            )
        mean, std = mean_and_std(value_N)
        if std == 0:
            raise DataError(
                f"nothing to learn: all {len(value_N)} training targets are {value_N[0]:g}",
                expected="at least two different numbers",
                fix="check the target column",
            )
        low, high = float(value_N.min()), float(value_N.max())
        return FittedRegress(**self.model_dump(), mean=mean, std=std, low=low, high=high)
