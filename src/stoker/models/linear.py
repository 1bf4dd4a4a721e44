"""A linear model of a table: logistic regression for `classify`, ridge regression for `regress`.

The baseline of every table: whatever it reaches needs no trees.  Each number enters as it is and,
where its tail is long, as its signed logarithm; missing cells have a weight of their own; a
category adds one weight per value, which the penalty shrinks the more the fewer rows it has.  With
`bends` each number is a broken line, and the model a sum of curves of one column each; with `waves`
it is a smooth function of all columns together.

The penalty is the one of a row that has the least loss on the validation part; the weights are then
fitted again to the rows of both parts.

Cost: 0.02 s for 1,000 rows and 20 columns, 0.2 s for 28,000 and 6; memory is 4 bytes for each row
and shape, of more than 200,000 rows for those that are fitted or answered at once.  Needs no torch.
Not done: pictures (see `logistic`).

Source: Hoerl & Kennard 1970, "Ridge Regression", https://doi.org/10.2307/1267351; Rahimi & Recht
2007, "Random Features for Large-Scale Kernel Machines", NeurIPS
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted, HeldOut
from stoker.models import Estimator
from stoker.models._design import Designs, fit_layout
from stoker.models._linear_fit import LinearWeights, fit_path
from stoker.models._row_losses import loss_of
from stoker.models._rows import MOST_BINS, TableRows, join
from stoker.models._table_graph import LinearPart, table_graph
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask

PENALTIES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)


_MOST_ROWS = 20_000
"""Rows that weights are fitted to; some hundred weights gain next to nothing from more."""


class Linear(Estimator):
    """A weighted sum of the columns, with a ridge penalty."""

    takes_pictures = False

    bends: Annotated[int, Field(ge=0, le=64)] = 0
    """Places at which the line of each number may bend; 0 keeps it straight."""

    waves: Annotated[int, Field(ge=0, le=4096)] = 0
    """Cosines of drawn sums of all columns that are added as columns; some hundred of them follow
    any smooth curve and what columns do together, and suit tables of up to some thousand rows."""

    penalty: Annotated[float, Field(gt=0)] | None = None
    """How many rows' worth of doubt each weight is held back by; absent: the one of nine, from 0.1
    to 1,000, that has the least loss on the validation part."""

    def penalties(self, num_rows: int) -> tuple[float, ...]:
        """Those that are tried: the one that was asked for, or nine.

        With waves they are five, of very many rows three.

        >>> Linear().penalties(50_000)
        (1000.0, 30.0, 1.0)
        """
        if self.penalty is not None:
            return (self.penalty,)
        if num_rows > _MOST_ROWS:
            return PENALTIES[::3]
        return PENALTIES[::2] if self.waves else PENALTIES

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """One a weight, and one for each wave and column."""
        weights = num_columns * (2 + self.bends) + self.waves
        return weights * num_outputs + num_columns * self.waves

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """See `Estimator`."""
        weights = num_columns * (2 + self.bends) + self.waves
        return 0.05 + 4e-7 * num_rows * weights * num_outputs

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Fit for each penalty to `train`, keep the best on `validation`, fit that to both.

        Raises:
            RecipeError: If a column is not of numbers or codes (an image).
        """
        rows = join(
            train,
            validation,
            task.output.width,
            max_bins=MOST_BINS,
            seed=under.seed,
            weight_K=under.weight_K,
        )
        layout = fit_layout(rows.columns, bends=self.bends, waves=self.waves)
        design = Designs(layout, rows.columns)
        penalties = self.penalties(len(rows))
        fitted = fit_rows(rows, design, rows.train_M, penalties)
        found = answers(fitted, design, rows.validation_M)
        target_M = rows.target_N[rows.validation_M]
        losses = [loss_of(output_MK, target_M) for output_MK in found]
        best = int(np.argmin(losses))
        (whole,) = fit_rows(rows, design, np.arange(len(rows)), penalties[best : best + 1])
        output_NK = np.zeros((len(rows), rows.num_outputs))
        (output_NK[rows.validation_M],) = answers([whole], design, rows.validation_M)
        output_NK = rows.validation_order(output_NK)
        return Fitted(
            graph=table_graph(
                train.columns, task.output.width, linears=[LinearPart(layout, whole)]
            ),
            weights={"weights": whole.weight_WK, "bias": whole.bias_K},
            validation_output_NK=output_NK.astype(np.float32),
            history=[
                {"penalty": penalty, "validation_loss": loss}
                for penalty, loss in zip(penalties, losses, strict=True)
            ],
            facts={
                "penalty": penalties[best],
                "num_parameters": whole.weight_WK.size + whole.bias_K.size,
                "settings": {
                    "bends": self.bends,
                    "waves": self.waves,
                    "penalty": penalties[best],
                },
            },
            held_out=HeldOut(found[best].astype(np.float32), target_M),
        )


def fit_rows(
    rows: TableRows, design: Designs, fit_M: np.ndarray, penalties: tuple[float, ...]
) -> list[LinearWeights]:
    """Weights for each penalty, fitted to some of the rows; of very many, to every few.

    The order of `rows` follows from their content, so that every few are a fair sample.
    """
    fit_M = fit_M[:: -(-len(fit_M) // _MOST_ROWS)]
    weight_N = rows.weight_N
    return fit_path(
        design.rows(fit_M),
        rows.target_NK[fit_M],
        None if weight_N is None else weight_N[fit_M],
        penalties,
        classes=rows.has_classes,
    )


def answers(
    fitted: Sequence[LinearWeights], design: Designs, index_M: np.ndarray
) -> list[np.ndarray]:
    """What each of some fits answers for some rows, float64 (M, K)."""
    pieces = [[one.outputs(part) for one in fitted] for part in design.parts(index_M)]
    return [np.concatenate(outputs) for outputs in zip(*pieces, strict=True)]
