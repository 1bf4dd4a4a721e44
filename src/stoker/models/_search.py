"""The search of a blend: which candidates are tried, on which folds, and how far.

Few rows are dealt into folds, and every row is answered by a model that was not fitted to it, so no
row is lost to validation; many rows are not, and the validation part is the only one left out.  All
candidates see the first fold, the best go on to the others.  `best` goes on until its budget is
used up, with candidates drawn around those that did best.

Nothing depends on a clock unless a budget is given: equal seeds try equal candidates.

Cost: of `good` some 3 to 20 fits of trees on small tables and two from 50,000 rows on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stoker.candidates.conditions import Conditions
from stoker.core import events
from stoker.core.seeds import derive_seed
from stoker.models import Model
from stoker.models._linear_fit import MOST_SQUARED
from stoker.models._network_try import NetworkTry
from stoker.models._rows import TableRows
from stoker.models._tries import TRAINS_ALWAYS, AnyTry, Folds, LinearTry, TreeTry
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.linear import Linear
from stoker.models.mlp import Mlp

_SOME, _FEW, _MANY = 10_000, 20_000, 50_000
_MOST_LINEAR_CELLS = 40_000_000
"""Rows times columns up to which a linear model with bends is tried; not where columns outnumber
rows, which a straight line through all of them fits without a rest."""
_MOST_WAVES, _FEWEST_WAVES = 400, 100
"""Waves of a candidate, and how few are not worth it."""
_MOST_WAVED_ROWS = 5_000
"""Rows below which waves are tried; trees need many rows to be smooth."""
_FEW_FOR_TREES = 1_000
"""Rows below which one size of trees is tried and one setting goes on to all folds: others say the
same, less well."""
_FAR = 1.3
"""A network whose loss is so many times the least one after one fold gets no other."""
_CLOSE = 1.1
"""The second setting of trees goes on to all folds up to so many times the loss of the first."""
_DRAWN = 16
"""Candidates that `best` draws where no budget limits it."""


@dataclass(frozen=True)
class Named:
    """A candidate before it is tried."""

    name: str
    step: Model


def deal(rows: TableRows, under: Conditions) -> Folds:
    """Which rows are left out together: 5 folds, 3 from 20,000 rows on, one part from 50,000 on.

    Three classes or more, each of which takes trees of its own, are content with 3 folds; `fast`,
    and rows that are divided by time, leave out the validation part only.
    """
    few = under.preset != "fast" and not under.is_ordered
    if few and len(rows) < _MANY:
        return Folds(
            rows, rows.folds(5 if len(rows) < _FEW and rows.num_outputs < 3 else 3, under.seed)
        )
    return Folds(rows, np.where(rows.place_N < rows.num_train, TRAINS_ALWAYS, 0))


def first_candidates(rows: TableRows, under: Conditions) -> list[Named]:
    """What is always tried; trees first where each fit takes long."""
    trees = {leaves: BoostedTrees(num_leaves=leaves) for leaves in (7, 15, 31, 63)}
    straight = Named("linear", Linear())
    if len(rows) >= _MANY and under.preset == "good":
        return [Named("trees, 63 leaves", trees[63]), straight]
    if under.preset == "fast":
        return [straight, Named("trees, 15 leaves", trees[15])]
    found = [straight]
    if len(rows.fields) <= len(rows) and len(rows) * len(rows.fields) <= _MOST_LINEAR_CELLS:
        found.append(Named("linear, 4 bends", Linear(bends=4)))
    if len(rows) < _MOST_WAVED_ROWS and (waves := num_waves(rows)):
        found.append(Named(f"linear, {waves} waves", Linear(waves=waves)))
    sizes = (7,) if len(rows) < _FEW_FOR_TREES else (7, 31) if len(rows) < _SOME else (7, 63)
    if under.preset == "best":
        sizes = (7, 15, 31, 63)
    random = BoostedTrees(num_leaves=15, extra_random=True)
    found += [Named(f"trees, {leaves} leaves", trees[leaves]) for leaves in sizes]
    found.append(Named("trees, 15 leaves, random cuts", random))
    if under.preset == "best":
        found.append(Named("network", Mlp(hidden=(256, 128), dropout=0.2, periodic=16)))
    return found


def num_waves(rows: TableRows) -> int:
    """As many as leave the weights of a linear model few enough to be inverted as a whole."""
    weights = sum(2 if field.edges is not None else field.size for field in rows.fields)
    waves = min(_MOST_WAVES, MOST_SQUARED - weights)
    return waves if waves >= _FEWEST_WAVES else 0


def search(rows: TableRows, under: Conditions) -> list[AnyTry]:
    """Every candidate that was tried; those that are done have answered every row left out.

    Args:
        rows: All rows.
        under: Seed, preset and, in `deadline_s`, the seconds that the search may take.
    """
    end_s = None if under.deadline_s is None else time.monotonic() + 0.9 * under.deadline_s
    folds = deal(rows, under)
    tries = [_make(named, folds) for named in first_candidates(rows, under)]
    with events.task("candidates", total=len(tries) * folds.count, unit="fits") as view:
        for place, one in enumerate(tries):
            if _is_late(end_s) and any(other.done for other in tries):
                _cut(tries[place:])
                break
            view.note(one.name)
            _advance(one, 1, under, end_s, view)
        begun = [one for one in tries if one.done]
        larger = None if under.preset == "fast" or _is_late(end_s) else _larger(begun)
        if larger:
            tries.append(_make(larger, folds))
            begun.append(tries[-1])
            view.note(larger.name)
            _advance(tries[-1], 1, under, end_s, view)
        going_on = _promising(begun, under)
        for place, one in enumerate(going_on):
            if _is_late(end_s) and any(other.is_done for other in tries):
                _cut(going_on[place:])
                break
            view.note(one.name)
            _advance(one, folds.count, under, end_s, view)
        if under.preset == "best":
            tries += _draw_on(begun, folds, under, end_s, view)
    _warn_of_cut(tries)
    return tries


def _cut(tries: Sequence[AnyTry]) -> None:
    for one in tries:
        one.is_cut = not one.is_done


def _warn_of_cut(tries: Sequence[AnyTry]) -> None:
    """Name the candidates that the budget left no time for."""
    never = [one.name for one in tries if one.is_cut and not one.done]
    begun = [one.name for one in tries if one.is_cut and one.done]
    said = [
        f"{what}: {', '.join(names)}"
        for what, names in (("not tried", never), ("given up early", begun))
        if names
    ]
    if said:
        # About this moment: another machine has time for more.
        events.warning(f"train.budget was used up; {'; '.join(said)}", passing=True)


def _larger(begun: Sequence[AnyTry]) -> Named | None:
    """Larger trees, where the largest are best and were still improving when their rounds ended.

    They look at every column, as a target that follows few columns closely takes so many trees, and
    are fewer that count more, which bounds the size of the graph.
    """
    trees = [one for one in begun if isinstance(one, TreeTry)]
    largest = max(trees, key=lambda one: one.step.num_leaves, default=None)
    best = min(begun, key=lambda one: one.loss(1))
    if largest is None or largest is not best or not largest.grown[0].is_unfinished:
        return None
    leaves = 4 * largest.step.num_leaves
    change = {"num_leaves": leaves, "feature_fraction": 1.0, "learning_rate": 0.2, "num_trees": 400}
    step = largest.step.model_copy(update=change)
    return Named(f"trees, {leaves} leaves, all columns", step)


def _promising(begun: Sequence[AnyTry], under: Conditions) -> list[AnyTry]:
    """Candidates that go on to the other folds, the best so far first, as time may run out."""
    best_first = sorted(begun, key=lambda one: one.loss(1))
    least = best_first[0].loss(1)
    trees = [one for one in best_first if isinstance(one, TreeTry)]
    few = len(begun[0].folds.rows) < _FEW_FOR_TREES
    kept = len(trees) if under.preset == "best" else 1 if few else 2
    close = [one for one in trees[:kept] if one.loss(1) <= _CLOSE * trees[0].loss(1)]
    dropped = {id(one) for one in trees[len(close) if under.preset == "good" else kept :]}
    return [
        one
        for one in best_first
        if id(one) not in dropped
        if not (isinstance(one, NetworkTry) and one.loss(1) > _FAR * least)
    ]


def _advance(
    one: AnyTry, folds: int, under: Conditions, end_s: float | None, view: events.TaskView
) -> None:
    while one.done < folds:
        one.advance(under, end_s)
        view.advance()


def _draw_on(
    begun: Sequence[AnyTry],
    folds: Folds,
    under: Conditions,
    end_s: float | None,
    view: events.TaskView,
) -> list[AnyTry]:
    """More candidates, until the time is over; one that is clearly worse stays at one fold."""
    found: list[AnyTry] = []
    least = min(one.loss(1) for one in begun)
    for named in _drawn(folds.rows, under):
        if _is_late(end_s) or (end_s is None and len(found) == _DRAWN):
            break
        one = _make(named, folds)
        view.note(one.name)
        _advance(one, 1, under, end_s, view)
        if one.loss(1) <= 1.02 * least and not _is_late(end_s):
            _advance(one, folds.count, under, end_s, view)
        found.append(one)
    return found


def _drawn(rows: TableRows, under: Conditions) -> Iterator[Named]:
    """Settings of trees, drawn from the seed, each with rows drawn anew for each tree (bagging)."""
    generator = np.random.default_rng(derive_seed(under.seed, "drawn"))
    smoothings = (1.0, 10.0, 50.0) if rows.categories else (None,)
    number = 0
    while True:
        number += 1
        leaves = int(generator.choice([5, 7, 11, 15, 23, 31, 47, 63, 95]))
        step = BoostedTrees(
            num_leaves=leaves,
            learning_rate=float(generator.choice([0.03, 0.05, 0.1])),
            min_rows_per_leaf=int(generator.choice([3, 5, 10, 20, 40])),
            feature_fraction=float(generator.choice([0.4, 0.6, 0.8, 1.0])),
            row_fraction=float(generator.choice([0.6, 0.8, 1.0])),
            extra_random=bool(generator.random() < 0.3),
            l2=float(generator.choice([0.1, 1.0, 10.0, 30.0])),
            category_smoothing=smoothings[int(generator.integers(len(smoothings)))],
        )
        yield Named(f"trees, {leaves} leaves, draw {number}", step)


def _make(named: Named, folds: Folds) -> AnyTry:
    if isinstance(named.step, Linear):
        return LinearTry(named.name, named.step, folds)
    if isinstance(named.step, Mlp):
        return NetworkTry(named.name, named.step, folds)
    assert isinstance(named.step, BoostedTrees)
    return TreeTry(named.name, named.step, folds)


def _is_late(end_s: float | None) -> bool:
    return end_s is not None and time.monotonic() >= end_s
