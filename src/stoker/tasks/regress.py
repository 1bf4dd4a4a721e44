"""Regress: a number.

The model learns (x - mean) / std of the training targets, with squared error; answers are turned
back in float64, so that large numbers keep their small differences.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from stoker.cells.number_advice import missing_options, options_text
from stoker.cells.numbers import NumberCells
from stoker.core.errors import DataError
from stoker.features.number import mean_and_std
from stoker.tasks import Task
from stoker.tasks._fitted.regress import FittedRegress


class Regress(NumberCells, Task):
    """Predict a number of each row."""

    _step: ClassVar[str] = "regress"

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
