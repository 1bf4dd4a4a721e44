"""A bag of words: how often each run of tokens stands in a text, and a linear model of that.

The baseline of every text, and hard to beat where the subject decides and not the order of words.
A text is its runs of one to `longest` tokens, weighed by how rare they are (tf-idf); numbers,
categories and times beside it are columns of the same linear model.

How long runs may be, and how much rows count beside the penalty, is what loses least on the
validation part; the weights are then fitted again to the rows of both parts.

Cost: 11,000 texts of 200 words and 20 classes take about 20 s on one core, vocabulary included; an
answer takes 0.6 ms for 300 tokens.

Source: Joachims 1998, "Text Categorization with Support Vector Machines",
https://doi.org/10.1007/BFb0026683; Wang and Manning 2012, "Baselines and Bigrams",
https://aclanthology.org/P12-2018
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from stoker.answers.classes import ClassAnswers
from stoker.answers.label_sets import LabelSetAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted, HeldOut
from stoker.cells.ragged import Ragged
from stoker.core.errors import RecipeError
from stoker.models import Estimator
from stoker.models._bag_graph import BagPart
from stoker.models._design import Designs, Layout, fit_layout, no_layout
from stoker.models._joined import Joined
from stoker.models._linear_fit import LinearWeights
from stoker.models._margin_fit import Weights, best_scale, fit_margins
from stoker.models._row_losses import loss_of
from stoker.models._table_graph import LinearPart, table_graph
from stoker.models._token_grams import TokenGrams, choose_token_grams
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask

_COSTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_FIRST_COST = 1.0
_LONGEST = 3
_MOST_GRAMS, _MOST_WEIGHTS = 1 << 18, 1 << 23


class Bag(Estimator):
    """A linear model of the words of texts, and of the columns beside them."""

    takes = (ClassAnswers, NumberAnswers, LabelSetAnswers)
    takes_pictures = False
    takes_ragged = True
    needs_ragged = True

    longest: Annotated[int, Field(ge=1, le=5)] | None = None
    """Tokens of the longest runs; absent: 1 to 3, what loses least on the validation part."""

    cost: Annotated[float, Field(gt=0)] | None = None
    """How much a row counts beside the penalty (C of support vector machines); absent: the one of
    six, from 0.03 to 10, that loses least on the validation part."""

    most_grams: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Runs that are kept, the most frequent ones; absent: 262,144, fewer where classes are many."""

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """Some hundred runs a text."""
        return 500 * num_outputs

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """About, for texts of 200 words."""
        return 1 + 1e-4 * num_rows * max(1, num_outputs) ** 0.8

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Choose runs and cost on `validation`, and fit them to both parts.

        Raises:
            RecipeError: If there is no column of tokens.
        """
        if not train.ragged:
            raise RecipeError(
                "bag needs a column of texts",
                expected="an input whose feature is tokens",
                fix="write `COLUMN: tokens` under inputs, or leave `model` out",
            )
        rows = _Rows.join(train, validation, task, under)
        best = self._search(rows)
        whole = best.bag.fit(rows, best.cost).scaled(best.scale)
        linear, bags = best.bag.parts(whole)
        output_NK = whole.outputs(best.bag.parts_MD["validation"])
        return Fitted(
            graph=table_graph(train.inputs, task.output.width, linears=[linear], bags=bags),
            weights=_arrays(whole, bags),
            validation_output_NK=output_NK.astype(np.float32),
            history=rows.history,
            facts={
                "num_parameters": whole.weight_DK.size + whole.bias_K.size,
                "settings": {
                    "longest": bags[0].grams.longest,
                    "cost": best.cost,
                    "grams": sum(len(bag.grams.key_D) for bag in bags),
                },
            },
            held_out=HeldOut(best.output_MK.astype(np.float32), rows.target_N[rows.validation_M]),
        )

    def _search(self, rows: _Rows) -> _Found:
        """Longer runs as long as they help; costs beside the best one as long as they help."""
        sizes = range(1, _LONGEST + 1) if self.longest is None else (self.longest,)
        most = self.most_grams or min(_MOST_GRAMS, _MOST_WEIGHTS // rows.num_outputs)
        best: _Found | None = None
        for size in sizes:
            bag = _Bag.choose(rows, size, most)
            found = self._best_cost(rows, bag, _FIRST_COST if best is None else best.cost)
            if best is not None and found.loss >= best.loss:
                break
            best = found
        assert best is not None
        return best

    def _best_cost(self, rows: _Rows, bag: _Bag, first: float) -> _Found:
        if self.cost is not None:
            return bag.judged(rows, self.cost)
        best = bag.judged(rows, first)
        for step in (-1, 1):
            place = _COSTS.index(best.cost) + step
            while 0 <= place < len(_COSTS):
                found = bag.judged(rows, _COSTS[place])
                if found.loss >= best.loss:
                    break
                best, place = found, place + step
            if best.cost != first:
                break
        return best


@dataclass(frozen=True)
class _Rows:
    """Training rows, then validation rows."""

    texts: dict[str, Ragged]
    columns: Joined
    target_N: np.ndarray
    weight_N: np.ndarray | None
    num_train: int
    num_outputs: int
    history: list[dict[str, Any]]

    @classmethod
    def join(
        cls, train: PreparedSet, validation: PreparedSet, task: FittedTask, under: Conditions
    ) -> _Rows:
        target_N = np.concatenate([train.target, validation.target])
        weight_K = under.weight_K
        return cls(
            texts={
                name: rows.joined(validation.ragged[name]) for name, rows in train.ragged.items()
            },
            columns=Joined([train.columns, validation.columns]),
            target_N=target_N,
            weight_N=None if weight_K is None else weight_K[target_N],
            num_train=len(train.target),
            num_outputs=task.output.width,
            history=[],
        )

    @property
    def train_M(self) -> np.ndarray:
        return np.arange(self.num_train)

    @property
    def validation_M(self) -> np.ndarray:
        return np.arange(self.num_train, len(self.target_N))


@dataclass(frozen=True)
class _Found:
    """One setting, judged by the rows that it was not fitted to."""

    bag: _Bag
    cost: float
    loss: float
    scale: float
    output_MK: np.ndarray


@dataclass(frozen=True)
class _Bag:
    """Which runs of which columns are looked at, and which columns beside them."""

    grams: dict[str, TokenGrams]
    layout: Layout
    parts_MD: dict[str, Any] = field(default_factory=dict)
    """Sparse rows of each part, once they were made."""

    @classmethod
    def choose(cls, rows: _Rows, longest: int, most: int) -> _Bag:
        """The most frequent runs of training texts."""
        grams = {
            name: choose_token_grams(texts.gather(rows.train_M), longest, most // len(rows.texts))
            for name, texts in rows.texts.items()
        }
        layout = fit_layout(rows.columns, bends=0) if len(rows.columns) else no_layout()
        return cls(grams, layout)

    def matrix(self, rows: _Rows, index_M: np.ndarray) -> Any:
        """Sparse rows: columns beside texts, about of length 1 together, then each text."""
        from scipy.sparse import csr_matrix, hstack

        parts: list[Any] = []
        if len(rows.columns):
            dense_MW = Designs(self.layout, rows.columns).rows(index_M).matrix()
            parts.append(csr_matrix(dense_MW * np.float32(self._share(dense_MW.shape[1]))))
        parts += [
            grams.matrix(rows.texts[name].gather(index_M)) for name, grams in self.grams.items()
        ]
        return hstack(parts, format="csr")

    def judged(self, rows: _Rows, cost: float) -> _Found:
        """Fit to training rows, and judge by validation rows."""
        if not self.parts_MD:
            self.parts_MD["train"] = self.matrix(rows, rows.train_M)
            self.parts_MD["validation"] = self.matrix(rows, rows.validation_M)
        fitted = self._fitted(self.parts_MD["train"], rows, rows.train_M, cost)
        output_MK = fitted.outputs(self.parts_MD["validation"])
        target_M = rows.target_N[rows.validation_M]
        scale = best_scale(output_MK, target_M)
        loss = loss_of(output_MK * scale, target_M)
        longest = max(one.longest for one in self.grams.values())
        rows.history.append({"longest": longest, "cost": cost, "validation_loss": loss})
        return _Found(self, cost, loss, scale, output_MK * scale)

    def fit(self, rows: _Rows, cost: float) -> Weights:
        """Weights for all rows."""
        index_M = np.arange(len(rows.target_N))
        return self._fitted(self.matrix(rows, index_M), rows, index_M, cost)

    @staticmethod
    def _fitted(matrix_MD: Any, rows: _Rows, index_M: np.ndarray, cost: float) -> Weights:
        weight_N = rows.weight_N
        return fit_margins(
            matrix_MD,
            rows.target_N[index_M],
            None if weight_N is None else weight_N[index_M],
            cost,
            rows.num_outputs,
        )

    def parts(self, fitted: Weights) -> tuple[LinearPart, list[BagPart]]:
        """What the graph is made of; the bias is of the columns' part."""
        sizes = [len(grams.key_D) for grams in self.grams.values()]
        width = len(fitted.weight_DK) - sum(sizes)
        dense_WK = fitted.weight_DK[:width] * self._share(width)
        linear = LinearPart(self.layout, LinearWeights(dense_WK, fitted.bias_K))
        starts = width + np.cumsum([0, *sizes])
        bags = [
            BagPart(name, grams, fitted.weight_DK[start : start + size].astype(np.float32))
            for (name, grams), start, size in zip(self.grams.items(), starts, sizes, strict=False)
        ]
        return linear, bags

    @staticmethod
    def _share(width: int) -> float:
        """What columns beside texts are multiplied by."""
        return 1 / max(1, width) ** 0.5


def _arrays(fitted: Weights, bags: Sequence[BagPart]) -> dict[str, np.ndarray]:
    """Weights by name."""
    own = {f"bag_{i}_runs": bag.grams.key_D for i, bag in enumerate(bags)}
    own |= {f"bag_{i}_idf": bag.grams.idf_D for i, bag in enumerate(bags)}
    return {
        **own,
        "weights": fitted.weight_DK.astype(np.float32),
        "bias": fitted.bias_K.astype(np.float32),
    }
