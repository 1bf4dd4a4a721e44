"""How answers move, on average, when one column is set to one value in every row.

Other columns keep their cells, so where two columns go together the picture shows rows that do not
exist (a small flat with ten rooms); it shows what the model would say, and not what the world would
do.  Beside it stands how often each value occurs, as ends of a curve often rest on a few rows.

For two classes it is the probability of the second one, for more that of the class that moves most,
for numbers the prediction in the target's unit.

Cost: at most 15,000 answers.

Source: Friedman 2001, "Greedy Function Approximation", section 8.2,
https://doi.org/10.1214/aos/1013203451
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stoker.core.steps import Step
from stoker.evaluate.answers import ClassAnswers
from stoker.evaluate.probes import Subject
from stoker.evaluate.score import answers_of
from stoker.tasks._fitted.classify import FittedClassify

MOST_COLUMNS = 6
_MOST_ROWS = 200
_POINTS = 12
_MOST_VALUES = 8


class Effect(Step):
    """One column."""

    column: str
    of: str = ""
    """The class whose probability it is; empty for numbers."""
    points: tuple[tuple[float, float], ...] = ()
    """(value, mean answer), for numbers."""
    values: tuple[tuple[str, float], ...] = ()
    """(name, mean answer), for categories, most frequent first."""
    rows: tuple[int, ...] = ()
    """Rows nearest to each value."""


def effects(subject: Subject, columns: Sequence[str]) -> tuple[Effect, ...]:
    """The effect of some columns, in their order; those of several parts are left out.

    Args:
        subject: The model and its rows.
        columns: Columns, the most important first; at most 6 are looked at.
    """
    asked = subject.drawn(_MOST_ROWS, purpose=3)
    wanted = [name for name in columns if name in subject.vectors][:MOST_COLUMNS]
    return tuple(
        effect
        for name in wanted
        for effect in (_categories if subject.is_category(name) else _numbers)(subject, asked, name)
    )


def _numbers(subject: Subject, asked: Subject, name: str) -> Iterator[Effect]:
    value_N = subject.vectors[name]
    value_N = value_N[np.isfinite(value_N)]
    if not len(value_N):
        return
    grid = np.unique(np.quantile(value_N, np.linspace(0.02, 0.98, _POINTS)))
    if len(grid) < 2:
        return
    of, mean_G = _means(asked, name, np.asarray(grid, value_N.dtype))
    middle = (grid[1:] + grid[:-1]) / 2
    rows = np.bincount(np.searchsorted(middle, value_N), minlength=len(grid))
    points = tuple(zip(map(float, grid), mean_G, strict=True))
    yield Effect(column=name, of=of, points=points, rows=tuple(rows.tolist()))


def _categories(subject: Subject, asked: Subject, name: str) -> Iterator[Effect]:
    code_U, rows_U = np.unique(subject.vectors[name], return_counts=True)
    first = np.argsort(-rows_U, kind="stable")[:_MOST_VALUES]
    if len(first) < 2:
        return
    of, mean_G = _means(asked, name, code_U[first])
    names = [code_name(subject, name, int(code)) for code in code_U[first]]
    yield Effect(
        column=name,
        of=of,
        values=tuple(zip(names, mean_G, strict=True)),
        rows=tuple(rows_U[first].tolist()),
    )


def code_name(subject: Subject, column: str, code: int) -> str:
    """What a code of a column stands for."""
    known = subject.categories.get(column, ())
    return str(known[code - 1]) if 0 < code <= len(known) else "missing or unseen"


def _means(asked: Subject, name: str, value_G: np.ndarray) -> tuple[str, list[float]]:
    """The class that is shown, and the mean answer with each value in every row."""
    mean_GK = []
    for value in value_G:
        column = np.full_like(asked.columns[name], value)
        answers = answers_of(
            asked.outputs_of({**asked.columns, name: column}), asked.target_N, asked.task
        )
        if isinstance(answers, ClassAnswers):
            mean_GK.append(answers.probability_NK.mean(axis=0))
        else:
            mean_GK.append(np.array([answers.answer_N.mean()]))
    moved_K = np.ptp(mean_GK, axis=0)
    shown = 1 if len(moved_K) == 2 else int(moved_K.argmax())
    of = str(asked.task.classes[shown]) if isinstance(asked.task, FittedClassify) else ""
    return of, [float(mean_K[shown]) for mean_K in mean_GK]
