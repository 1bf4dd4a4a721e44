"""A weighted average of the best candidates: linear models, trees, a network, chosen by trying.

What a table without `model` gets.  Candidates are fitted fold by fold (see `_search`), so that each
row is answered by models that were not fitted to it; weights are then chosen on those answers
(`_blend_weights`).  Where a linear model is best it gets all of the weight, and where nothing is
to be learned the trees get little.  Networks are tried by `best` only.  The average is one graph:
trees of all members are one forest.

Cost: some 2 to 4 s of CPU for a few thousand rows, about twice a plain fit of trees from 50,000
rows on; an answer costs as much as its trees, some hundreds to two thousand of them, and about
0.1 ms more with a network.  Not done: columns of pictures.

Source: Caruana et al. 2004, "Ensemble selection from libraries of models",
https://doi.org/10.1145/1015330.1015432; Erickson et al. 2020, "AutoGluon-Tabular",
https://arxiv.org/abs/2003.06505
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted, HeldOut
from stoker.candidates.leaderboard import Entry, Leaderboard, Timing, tell
from stoker.core.steps import step_spec
from stoker.models import Estimator
from stoker.models._blend_weights import average, choose_weights
from stoker.models._design import Layout
from stoker.models._learning_curve_fit import learning_curve
from stoker.models._row_losses import losses_N, scored
from stoker.models._rows import TableRows, bins_for, join
from stoker.models._search import search
from stoker.models._table_graph import table_graph
from stoker.models._tries import AnyTry, TreeTry, TryParts, joined
from stoker.models.boosted_trees import threads_for
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask


_FEW_ROWS, _VERY_FEW_ROWS = 500, 150
"""Rows below which the straight linear model must be beaten by more than chance, and up to which
it also keeps a share that falls as the evidence against it grows."""
_LEAST_GAIN = 0.005
"""Loss by which it must be beaten at least: certainty of many nines is no gain."""


class Blend(Estimator):
    """Linear models and boosted trees, weighted by how well they answer rows left out."""

    takes_pictures = False

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """What a walk down the trees is about worth."""
        return 15_000

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """See `Estimator`."""
        outputs = num_outputs if num_outputs > 2 else 1
        fits = 18 if num_rows < 20_000 else 10 if num_rows < 50_000 else 1.5
        return 1.0 + fits * 150 * outputs * (5e-4 + 3e-9 * num_rows * num_columns)

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Try candidates and average the best.

        Raises:
            RecipeError: If a column is not of numbers or codes (an image).
            MissingExtraError: If LightGBM is not installed.
        """
        rows = join(
            train,
            validation,
            task.output.width,
            max_bins=bins_for(len(train.target), len(train.columns)),
            seed=under.seed,
            weight_K=under.weight_K,
            unit_N=under.unit_N,
        )
        tries = search(rows, under)
        done = [one for one in tries if one.is_done]
        folds = done[0].folds
        held_M = folds.held_M
        answers = [one.output_NK[held_M] - folds.shift_K for one in done]
        weight_T = choose_weights(answers, rows.target_N[held_M])
        if len(rows) < _FEW_ROWS:
            weight_T = prudent(weight_T, answers, rows.target_N[held_M])
        members = [(one, float(w)) for one, w in zip(done, weight_T, strict=True) if w > 0]
        shares = [weight for _, weight in members]
        parts = joined([one for one, _ in members], shares)
        board = leaderboard(tries, members, task)
        tell(board)
        return Fitted(
            graph=_graph(parts, train, task),
            weights=_arrays(parts),
            validation_output_NK=_validation_outputs(rows, members),
            history=_history(done),
            facts={
                "rows": len(rows),
                "trees": parts.num_trees,
                "num_parameters": parts.num_learned,
                "settings": {one.name: one.effective_settings(under) for one, _ in members},
            },
            threads=under.threads or threads_for(len(rows) * len(rows.fields)),
            held_out=HeldOut(
                average([one.output_NK[held_M] for one, _ in members], shares).astype(np.float32),
                rows.target_N[held_M],
            ),
            leaderboard=board,
            timings=tuple(Timing(name=one.name, fit_s=one.fit_s) for one in tries if one.done),
            candidate_graphs={one.name: partial(_graph_alone, one, train, task) for one in done},
            learning_curve=learning_curve(members, under, task),
        )


def _graph_alone(one: AnyTry, train: PreparedSet, task: FittedTask) -> bytes:
    """The graph of a candidate that is the whole model."""
    return _graph(joined([one], [1.0]), train, task)


def _graph(parts: TryParts, train: PreparedSet, task: FittedTask) -> bytes:
    return table_graph(
        train.columns,
        task.output.width,
        forest=parts.forest,
        linears=parts.linears,
        networks=parts.networks,
    )


def prudent(
    weight_T: np.ndarray, answers: Sequence[np.ndarray], target_N: np.ndarray
) -> np.ndarray:
    """The weights, with some or all of it back to the first candidate, the straight linear model.

    All where the gain over it is within one standard error, as so few rows cannot tell.  Of very
    few rows a gain of t standard errors, t > 2, moves a share of 1 - (2 / t)^2, as a positive-part
    estimator of James and Stein would: at 3 it is half, at 6 nine tenths.

    >>> target = np.array([1.0, -1.0, 1.0, -1.0], np.float32)
    >>> plain, other = target[:, None] * 0.5, target[:, None] * [[0.6], [0.4], [0.6], [0.41]]
    >>> prudent(np.array([0.0, 1.0]), [plain, other], target).tolist()
    [1.0, 0.0]
    """
    gain_N = losses_N(answers[0], target_N) - losses_N(average(answers, weight_T), target_N)
    gain, error = float(gain_N.mean()), float(gain_N.std()) / len(gain_N) ** 0.5
    share = float(gain > max(error, _LEAST_GAIN))
    if share and len(gain_N) <= _VERY_FEW_ROWS:
        share = max(0.0, 1 - (2 * error / gain) ** 2)
    return share * weight_T + (1 - share) * np.eye(len(answers))[0]


def leaderboard(
    tries: Sequence[AnyTry], members: Sequence[tuple[AnyTry, float]], task: FittedTask
) -> Leaderboard:
    """Every candidate, best first; then those that were given up, and those never tried."""
    weights = {one.name: weight for one, weight in members}
    folds = tries[0].folds
    leader = min((one for one in tries if one.is_done), key=lambda one: one.loss(folds.count))
    entries = [_entry(one, weights.get(one.name, 0.0), leader, task) for one in tries]
    done = sorted(
        (entry for entry in entries if entry.folds == folds.count), key=lambda e: e.score or 0.0
    )
    given_up = [entry for entry in entries if entry.folds < folds.count]
    kept = "rows of the validation part" if folds.count == 1 else "training and validation rows"
    how = kept if folds.count == 1 else f"{folds.count} folds of {kept}"
    return Leaderboard(
        metric=task.gives.loss_name,
        rows=len(folds.held_M),
        how=how,
        entries=(*done, *sorted(given_up, key=lambda entry: not entry.folds)),
    )


def _entry(one: AnyTry, weight: float, leader: AnyTry, task: FittedTask) -> Entry:
    """A candidate with its mean loss and the interval of that mean."""
    folds = one.folds
    if not one.done:
        why = "not tried: train.budget was used up before"
        return Entry(name=one.name, model=step_spec(one.step), note=why)
    rows_M = folds.held_M[~np.isnan(one.output_NK[folds.held_M, 0])]
    score, low, high = _scored(one, rows_M, task)
    note = one.note
    if not one.is_done:
        # Its score is of other rows than those above it, so the best is told on the same ones.
        best = f"{leader.name!r} has {_scored(leader, rows_M, task)[0]:.4g} on the same rows"
        why = ", as train.budget was used up" if one.is_cut else ""
        note = f"given up after {one.done} of {folds.count} folds{why}; {best}"
    return Entry(
        name=one.name,
        model=step_spec(one.step),
        score=score,
        low=low,
        high=high,
        folds=one.done,
        weight=round(weight, 4),
        note=note,
    )


def _scored(one: AnyTry, rows_M: np.ndarray, task: FittedTask) -> tuple[float, float, float]:
    """Mean loss of a candidate on some rows that it was not fitted to, and its interval."""
    output_MK = one.output_NK[rows_M] - one.folds.shift_K
    return scored(losses_N(output_MK, one.folds.rows.target_N[rows_M]), task)


def _validation_outputs(rows: TableRows, members: Sequence[tuple[AnyTry, float]]) -> np.ndarray:
    output_NK = np.zeros((len(rows), rows.num_outputs))
    for one, weight in members:
        output_NK[rows.validation_M] += weight * one.whole_outputs(rows.validation_M)
    return rows.validation_order(output_NK).astype(np.float32)


def _history(done: Sequence[AnyTry]) -> list[dict[str, float]]:
    """The first fold of the trees that did best; nothing where there are none."""
    trees = [one for one in done if isinstance(one, TreeTry)]
    if not trees:
        return []
    return min(trees, key=lambda one: one.loss(one.done)).grown[0].history


def _arrays(parts: TryParts) -> dict[str, np.ndarray]:
    """Everything needed to rebuild the parts, by name."""
    forest = parts.forest
    arrays = {} if forest is None else {f"forest.{n}": a for n, a in forest.arrays().items()}
    for place, part in enumerate(parts.linears):
        arrays[f"linear_{place}.weights"] = part.fitted.weight_WK
        arrays[f"linear_{place}.bias"] = part.fitted.bias_K
        arrays |= _shapes(f"linear_{place}", part.layout)
    for place, network in enumerate(parts.networks):
        arrays[f"network_{place}.share"] = np.array([network.share])
        arrays |= {f"network_{place}.{n}": a for n, a in network.arrays().items()}
        arrays |= _shapes(f"network_{place}", network.layout)
    return arrays


def _shapes(name: str, layout: Layout) -> dict[str, np.ndarray]:
    waves = {} if layout.waves is None else vars(layout.waves)
    return {f"{name}.{field}": array for field, array in (vars(layout.shapes) | waves).items()}
