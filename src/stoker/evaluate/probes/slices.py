"""Where the model is worse than elsewhere: rows of one category, or of one range of numbers.

With a hundred groups some look bad by chance, so a group is called worse only if its loss lies
above that of all other rows by more than chance makes of the worst of all groups (Bonferroni).
Groups of fewer than 30 rows are not looked at.

Cost: one sort of each column of the validation rows; the model is asked nothing.

Source: Chung et al. 2020, "Automated Data Slicing for Model Validation",
https://arxiv.org/abs/1807.06068
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from stoker.core.value import Value
from stoker.evaluate.probes import Probed
from stoker.evaluate.probes.effects import code_name

FEWEST_ROWS = 30
MOST_SHOWN = 10
_MOST_VALUES = 50
_QUANTILES = 4
_LEVEL = 0.95


class Slice(Value):
    """Some rows that share a value or a range."""

    column: str
    value: str
    rows: int
    score: float
    """Share answered right, or mean absolute error in the target's unit."""
    elsewhere: float
    """The same over all other rows."""
    loss: float
    """Mean log loss, or mean absolute error in the target's unit."""
    low: float
    """Lower end of the interval of its loss minus that of the other rows, wide enough for all
    groups together."""
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the model is clearly worse here."""
        return self.low > 0


def worst_slices(subject: Probed) -> tuple[Slice, ...]:
    """The groups with the largest losses against all other rows, the worst first."""
    groups = [
        (name, value, chosen_N)
        for name in subject.vectors
        for value, chosen_N in _groups(subject, name)
    ]
    if not groups:
        return ()
    reach = NormalDist().inv_cdf(1 - (1 - _LEVEL) / (2 * len(groups)))
    score_N, cost_N = subject.answers.score_N, subject.answers.distance_N
    found = []
    for name, value, chosen_N in groups:
        inside_M, outside_M = cost_N[chosen_N], cost_N[~chosen_N]
        more = float(inside_M.mean() - outside_M.mean())
        error = math.sqrt(inside_M.var() / len(inside_M) + outside_M.var() / len(outside_M))
        found.append(
            Slice(
                column=name,
                value=value,
                rows=len(inside_M),
                score=float(score_N[chosen_N].mean()),
                elsewhere=float(score_N[~chosen_N].mean()),
                loss=float(inside_M.mean()),
                low=more - reach * error,
                high=more + reach * error,
            )
        )
    # The surest ones first: a large gap of few rows may be nothing.
    found.sort(key=lambda one: (-one.low, one.column, one.value))
    return tuple(one for one in found[:MOST_SHOWN] if one.low + one.high > 0)


def _groups(subject: Probed, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Groups of enough rows, none of which holds nearly all of them."""
    value_N = subject.vectors[name]
    made = _by_code if subject.is_category(name) else _by_range
    for words, chosen_N in made(subject, name, value_N):
        if FEWEST_ROWS <= chosen_N.sum() <= len(value_N) - FEWEST_ROWS:
            yield words, chosen_N


def _by_code(subject: Probed, name: str, value_N: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    code_U, rows_U = np.unique(value_N, return_counts=True)
    for code in code_U[np.argsort(-rows_U, kind="stable")[:_MOST_VALUES]]:
        yield code_name(subject, name, int(code)), value_N == code


def _by_range(subject: Probed, name: str, value_N: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    there_N = np.isfinite(value_N)
    yield "missing", ~there_N
    if not there_N.any():
        return
    known = np.unique(value_N[there_N])
    if len(known) <= _QUANTILES:
        names = subject.categories.get(name)
        for value in known:
            yield names[int(value)] if names else f"{value:.4g}", value_N == value
        return
    edges = np.unique(np.quantile(value_N[there_N], np.linspace(0, 1, _QUANTILES + 1)))
    for place, (low, high) in enumerate(pairwise(edges)):
        is_last = place == len(edges) - 2
        below_N = value_N <= high if is_last else value_N < high
        yield f"{low:.4g} to {high:.4g}", there_N & (value_N >= low) & below_N
