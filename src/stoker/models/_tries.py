"""Candidates of a search: each is fitted fold by fold and answers the rows that a fold left out.

A fold model of trees joins the others in one forest whose leaves are divided by their number, which
is the average of their answers; a linear candidate is fitted once more to all rows with the penalty
that was best on the folds.  Networks are in `_network_try`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from stoker.candidates.conditions import Conditions
from stoker.core.seeds import derive_seed
from stoker.models import Model
from stoker.models._design import Designs, Layout, fit_layout
from stoker.models._linear_fit import LinearWeights
from stoker.models._row_losses import loss_of
from stoker.models._rows import TableRows
from stoker.models._table_graph import LinearPart, NetworkPart, num_learned
from stoker.models._tree_graph import Forest, join_forests
from stoker.models.boosted_trees import BoostedTrees, Grown, effective, grow
from stoker.models.linear import Linear, answers, fit_rows

_Step = TypeVar("_Step", bound=Model)

_AGREED_ROWS = 5_000
"""Rows below which folds agree on the number of rounds."""
_TELLING_ROWS, _FAR = 1_000, 20.0
"""Rows from which one fold tells the best penalty, and the factor by which it may be wrong."""
TRAINS_ALWAYS = -1
"""Fold of rows that no fold leaves out."""


@dataclass(frozen=True)
class Folds:
    """Which rows are left out together."""

    rows: TableRows
    fold_N: np.ndarray
    """Fold of each row from 0 on, `TRAINS_ALWAYS` for rows that are never left out."""

    @cached_property
    def count(self) -> int:
        """Number of folds."""
        return int(self.fold_N.max()) + 1

    @cached_property
    def held_M(self) -> np.ndarray:
        """Rows that some fold leaves out, rising."""
        return np.flatnonzero(self.fold_N != TRAINS_ALWAYS)

    @cached_property
    def shift_K(self) -> np.ndarray:
        """What class weights add to logits."""
        weight_K = self.rows.weight_K
        return np.zeros(1) if weight_K is None else np.log(np.maximum(weight_K, 1e-9))

    def split(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows to learn from and rows left out."""
        return np.flatnonzero(self.fold_N != fold), np.flatnonzero(self.fold_N == fold)


@dataclass
class Try(ABC, Generic[_Step]):
    """One candidate."""

    name: str
    step: _Step
    folds: Folds
    output_NK: np.ndarray = field(init=False)
    """Outputs for rows left out, float64; NaN where its fold was not fitted yet."""
    done: int = 0
    """Folds fitted so far, from the first on."""
    fit_s: float = 0.0
    """CPU seconds of all fits."""
    is_cut: bool = False
    """Whether the budget was used up before its other folds, or before its first."""

    def __post_init__(self) -> None:
        """No row is answered yet."""
        self.output_NK = np.full((len(self.folds.rows), self.folds.rows.num_outputs), np.nan)

    @property
    def is_done(self) -> bool:
        """Whether every fold was fitted."""
        return self.done == self.folds.count

    @property
    def note(self) -> str:
        """What to mind of a candidate that is done; usually nothing."""
        return ""

    def advance(self, under: Conditions, end_s: float | None) -> None:
        """Fit the next fold."""
        begin = time.process_time()
        self._fit(self.done, under, end_s)
        self.done += 1
        self.fit_s += time.process_time() - begin

    def loss(self, folds: int) -> float:
        """Mean loss on the rows of the first folds, class weights taken back."""
        rows_M = np.flatnonzero((self.folds.fold_N >= 0) & (self.folds.fold_N < folds))
        output_MK = self.output_NK[rows_M] - self.folds.shift_K
        return loss_of(output_MK, self.folds.rows.target_N[rows_M])

    def effective_settings(self, under: Conditions) -> dict[str, Any]:
        """What it was fitted with, once everything that follows from the rows is filled in."""
        return self.step.model_dump(mode="json", exclude_none=True)

    @abstractmethod
    def _fit(self, fold: int, under: Conditions, end_s: float | None) -> None:
        """Fit one fold, and answer the rows that it left out."""

    def forests(self) -> list[Forest]:
        """Its trees on the values of columns, whose sum is its answer; none for other kinds."""
        return []

    def linear(self) -> LinearPart | None:
        """Its linear model; None for other kinds."""
        return None

    def network(self) -> NetworkPart | None:
        """Its network; None for other kinds."""
        return None

    @abstractmethod
    def whole_outputs(self, index_M: np.ndarray) -> np.ndarray:
        """What it answers once it is whole, for some rows, float64 (M, K)."""


AnyTry = Try[Any]
"""A candidate of any kind."""


@dataclass
class TreeTry(Try[BoostedTrees]):
    """Boosted trees."""

    grown: list[Grown] = field(default_factory=list)

    def _fit(self, fold: int, under: Conditions, end_s: float | None) -> None:
        fit_M, held_M = self.folds.split(fold)
        seeded = Conditions(derive_seed(under.seed, "fold", fold), threads=under.threads)
        grown = grow(self.step, self.folds.rows, fit_M, held_M, seeded, end_s)
        self.output_NK[held_M] = grown.outputs(self.folds.rows, held_M)
        self.grown.append(grown)
        if 1 < len(self.grown) == self.folds.count and len(self.folds.rows) < _AGREED_ROWS:
            self._agree()

    def _agree(self) -> None:
        """Take the rounds that are best for all folds together.

        The best round of each fold is chosen on the rows that it answers: with few of them it fits
        to them, and trees look better than they are.
        """
        losses = [[record["validation_loss"] for record in one.history] for one in self.grown]
        longest = max(map(len, losses))
        sizes = [int((self.folds.fold_N == fold).sum()) for fold in range(len(losses))]
        curve = sum(
            size * np.array(one + one[-1:] * (longest - len(one)))
            for size, one in zip(sizes, losses, strict=True)
        )
        rounds = int(np.argmin(curve)) + 1
        for fold, grown in enumerate(self.grown):
            grown.rounds = min(rounds, len(grown.history))
            held_M = self.folds.split(fold)[1]
            self.output_NK[held_M] = grown.outputs(self.folds.rows, held_M)

    @property
    def note(self) -> str:
        """That it was cut short, if it was."""
        if any(one.is_cut for one in self.grown):
            most = max(len(one.history) for one in self.grown)
            return f"train.budget was used up at {most:,} trees, and more might have helped"
        if not any(one.is_unfinished for one in self.grown):
            return ""
        return f"stopped at {self.step.num_trees:,} trees while its loss was still falling"

    def effective_settings(self, under: Conditions) -> dict[str, Any]:
        """Those of LightGBM, and the rounds of each fold."""
        rows = len(self.folds.split(0)[0])
        found = effective(self.step.settings(self.folds.rows, rows, under))
        return {**found, "rounds": [one.rounds for one in self.grown]}

    def forests(self) -> list[Forest]:
        """Fold models, each leaf divided by their number."""
        return self._forests

    @cached_property
    def _forests(self) -> list[Forest]:
        fields = self.folds.rows.fields
        return [one.forest.on_values(fields).scaled(1 / len(self.grown)) for one in self.grown]

    def whole_outputs(self, index_M: np.ndarray) -> np.ndarray:
        """The mean over fold models."""
        if len(self.grown) == 1 and np.array_equal(index_M, self.folds.held_M):
            return self.output_NK[index_M]
        found = [one.outputs(self.folds.rows, index_M) for one in self.grown]
        return np.mean(found, axis=0)


@dataclass
class LinearTry(Try[Linear]):
    """A linear model."""

    paths: list[dict[float, np.ndarray]] = field(default_factory=list)
    """Outputs of each fold for its own rows, by penalty."""

    @cached_property
    def _layout(self) -> Layout:
        step = self.step
        return fit_layout(self.folds.rows.columns, bends=step.bends, waves=step.waves)

    @cached_property
    def design(self) -> Designs:
        return Designs(self._layout, self.folds.rows.columns)

    @property
    def penalties(self) -> tuple[float, ...]:
        """Those that are tried on the next fold; of many rows one fold tells which are far off."""
        every = self.step.penalties(len(self.folds.rows))
        if not self.paths or len(self.folds.rows) < _TELLING_ROWS:
            return every
        best = self.best
        return tuple(p for p in every if best / _FAR < p < best * _FAR)

    def _fit(self, fold: int, under: Conditions, end_s: float | None) -> None:
        fit_M, held_M = self.folds.split(fold)
        penalties = self.penalties
        fitted = fit_rows(self.folds.rows, self.design, fit_M, penalties)
        found = answers(fitted, self.design, held_M)
        self.paths.append(dict(zip(penalties, found, strict=True)))
        best = self.best
        for place, path in enumerate(self.paths):
            self.output_NK[self.folds.split(place)[1]] = path[best]

    @property
    def best(self) -> float:
        """The penalty with the least loss over all rows answered so far."""
        target_N, shift_K = self.folds.rows.target_N, self.folds.shift_K
        held = [target_N[self.folds.split(place)[1]] for place in range(len(self.paths))]

        def total(penalty: float) -> float:
            return sum(
                len(target_M) * loss_of(path[penalty] - shift_K, target_M)
                for path, target_M in zip(self.paths, held, strict=True)
            )

        return min((p for p in self.paths[0] if all(p in path for path in self.paths)), key=total)

    @cached_property
    def _whole(self) -> LinearWeights:
        every_M = np.arange(len(self.folds.rows))
        return fit_rows(self.folds.rows, self.design, every_M, (self.best,))[0]

    def effective_settings(self, under: Conditions) -> dict[str, Any]:
        """Bends, and the penalty that was best on the folds."""
        return {**super().effective_settings(under), "penalty": self.best}

    def linear(self) -> LinearPart | None:
        """The fit to all rows."""
        return LinearPart(self._layout, self._whole)

    def whole_outputs(self, index_M: np.ndarray) -> np.ndarray:
        """Of the fit to all rows."""
        return answers([self._whole], self.design, index_M)[0]


@dataclass(frozen=True)
class TryParts:
    """The weighted average of candidates, by kind."""

    forest: Forest | None
    linears: tuple[LinearPart, ...]
    networks: tuple[NetworkPart, ...]

    @property
    def num_trees(self) -> int:
        """Trees of the forest."""
        return 0 if self.forest is None else len(self.forest.num_nodes)

    @property
    def num_learned(self) -> int:
        """Learned numbers of all parts."""
        inner = sum(array.size for one in self.networks for array in one.arrays().values())
        return num_learned(self.forest, self.linears) + inner


def joined(tries: Sequence[Try], weights: Sequence[float]) -> TryParts:
    """The weighted average of candidates: one forest, linear models, networks.

    Args:
        tries: Candidates that are done.
        weights: Weight of each, above 0.
    """
    pairs = list(zip(tries, weights, strict=True))
    forests = [forest.scaled(weight) for one, weight in pairs for forest in one.forests()]
    linears = [(one.linear(), weight) for one, weight in pairs]
    networks = [(one.network(), weight) for one, weight in pairs]
    return TryParts(
        join_forests(forests) if forests else None,
        tuple(part.scaled(weight) for part, weight in linears if part is not None),
        tuple(part.scaled(weight) for part, weight in networks if part is not None),
    )
