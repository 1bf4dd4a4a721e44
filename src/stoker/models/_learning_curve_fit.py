"""Would more rows help?  One candidate, fitted to a part of the rows and to all of them.

The candidate with the largest weight is fitted to an eighth, a quarter and half of the rows of a
fold, each part within the next, and answers the rows that the fold leaves out.  The last doubling
is compared row by row: what it brought is the best guess at what the next one would bring.

Cost: less than one fit more for each fold that is looked at, which are all for up to 3,000 rows and
one for more.  Not done from 50,000 rows on, where a fit is what a run takes its time for.

Source: Perlich et al. 2003, "Tree Induction vs. Logistic Regression: A Learning-Curve Analysis",
https://www.jmlr.org/papers/v4/perlich03a.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stoker.candidates.conditions import Conditions
from stoker.candidates.learning_curve import CurvePoint, LearningCurve
from stoker.core.seeds import derive_seed
from stoker.models._row_losses import is_clear, losses_N, scored
from stoker.models._tries import AnyTry, Folds, LinearTry, TreeTry
from stoker.models.boosted_trees import grow
from stoker.models.linear import answers, fit_rows
from stoker.tasks import FittedTask

_SHARES = (1 / 8, 1 / 4, 1 / 2)
_FEWEST = 30
"""Rows below which a part is not fitted."""
_FEW, _MANY = 3_000, 50_000
_OF_BUDGET = 0.05


def learning_curve(
    members: Sequence[tuple[AnyTry, float]], under: Conditions, task: FittedTask
) -> LearningCurve | None:
    """The curve of the member with the largest weight.

    Args:
        members: Candidates that are part of the model, and their weights.
        under: Seed and threads of the search.
        task: What is asked of the target.

    Returns:
        None where it would take too long, or where half of the rows are too few to fit.
    """
    known = [one for one, _ in sorted(members, key=lambda pair: -pair[1]) if _is_known(one)]
    if not known or len(known[0].folds.rows) >= _MANY:
        return None
    one, folds = known[0], known[0].folds
    looked_at = range(folds.count if len(folds.rows) < _FEW else 1)
    if _is_late(one, len(looked_at), under):
        return None
    held_M = np.concatenate([folds.split(fold)[1] for fold in looked_at])
    target_M = folds.rows.target_N[held_M]
    found: list[tuple[int, np.ndarray]] = []
    for share in (*_SHARES, 1.0):
        parts = [_part(folds, fold, share, under.seed) for fold in looked_at]
        if all(_is_enough(folds, part_M) for part_M in parts):
            pairs = zip(looked_at, parts, strict=True)
            output_MK = np.concatenate([_outputs(one, *pair, share, under) for pair in pairs])
            rows = round(float(np.mean([len(part_M) for part_M in parts])))
            found.append((rows, losses_N(output_MK - folds.shift_K, target_M)))
    return _curve(one.name, found, task) if len(found) > 1 else None


def _curve(name: str, found: Sequence[tuple[int, np.ndarray]], task: FittedTask) -> LearningCurve:
    (_, half_M), (_, whole_M) = found[-2:]
    points = tuple(_point(rows, loss_M, task) for rows, loss_M in found)
    return LearningCurve(
        candidate=name,
        metric=task.gives.loss_name,
        held_rows=len(whole_M),
        points=points,
        gain=float(f"{1 - points[-1].score / max(points[-2].score, 1e-12):.4g}"),
        is_clear=is_clear(half_M - whole_M),
    )


def _point(rows: int, loss_M: np.ndarray, task: FittedTask) -> CurvePoint:
    score, low, high = scored(loss_M, task)
    return CurvePoint(rows=rows, score=score, low=low, high=high)


def _is_known(one: AnyTry) -> bool:
    return isinstance(one, TreeTry | LinearTry)


def _is_late(one: AnyTry, folds: int, under: Conditions) -> bool:
    """Whether the fits would take a good part of a budget."""
    if under.deadline_s is None:
        return False
    return sum(_SHARES) * folds * one.fit_s / one.done > _OF_BUDGET * under.deadline_s


def _part(folds: Folds, fold: int, share: float, seed: int) -> np.ndarray:
    """A share of the rows that a fold learns from, rising; smaller parts lie within larger ones."""
    fit_M = folds.split(fold)[0]
    order_M = np.random.default_rng(derive_seed(seed, "part", fold)).permutation(fit_M)
    return np.sort(order_M[: round(share * len(fit_M))])


def _is_enough(folds: Folds, part_M: np.ndarray) -> bool:
    """Whether a part can be learned from: rows enough, and every class among them."""
    rows = folds.rows
    seen = len(np.unique(rows.target_N[part_M])) if rows.has_classes else rows.num_outputs
    return len(part_M) >= _FEWEST and seen == rows.num_outputs


def _outputs(
    one: AnyTry, fold: int, part_M: np.ndarray, share: float, under: Conditions
) -> np.ndarray:
    """What a candidate that learned from a part of a fold answers for the rows left out."""
    rows, held_M = one.folds.rows, one.folds.split(fold)[1]
    if isinstance(one, LinearTry):
        (fitted,) = fit_rows(rows, one.design, part_M, (one.best,))
        return answers([fitted], one.design, held_M)[0]
    assert isinstance(one, TreeTry)
    if share < 1:
        seeded = Conditions(derive_seed(under.seed, "fold", fold), threads=under.threads)
        return grow(one.step, rows, part_M, held_M, seeded, None).outputs(rows, held_M)
    # As the smaller parts: the round that is best for this fold, whatever the folds agreed on.
    grown = one.grown[fold]
    best = int(np.argmin([record["validation_loss"] for record in grown.history])) + 1
    return replace(grown, rounds=best).outputs(rows, held_M)
