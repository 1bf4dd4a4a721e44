"""How answers move, on average, when one column is set to one value in every row.

Other columns keep their cells, so where two columns go together the picture shows rows that do not
exist (a small flat with ten rooms); it shows what the model would say, and not what the world would
do.  Beside it stands how often each value occurs, as ends of a curve often rest on a few rows.

For two classes it is the probability of the second one, for more that of the class that moves most,
for numbers the prediction in the target's unit.

A moment is shown by the two parts of the calendar that move the answer most, such as the weekday;
text, whose parts no single value stands for, is not shown.

Cost: at most 7,500 answers, and 1,000 for each moment.

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
_MOST_ROWS = 100
_POINTS = 12
_MOST_PARTS = 2
_FEW_ROWS, _FEW_POINTS = 50, 5
_MOST_VALUES = 8


class Effect(Step):
    """One column."""

    column: str
    part: str = ""
    """Part of the calendar that was set, where the column holds moments."""
    of: str = ""
    """The class whose probability it is; empty for numbers."""
    points: tuple[tuple[float, float], ...] = ()
    """(value, mean answer), for numbers."""
    values: tuple[tuple[str, float], ...] = ()
    """(name, mean answer), for categories, most frequent first."""
    rows: tuple[int, ...] = ()
    """Rows nearest to each value."""


def effects(subject: Subject, columns: Sequence[str]) -> tuple[Effect, ...]:
    """The effect of some columns, in their order; text is left out.

    Args:
        subject: The model and its rows.
        columns: Columns, the most important first; at most 6 effects are drawn.
    """
    asked = subject.drawn(_MOST_ROWS, purpose=3)
    wanted = [name for name in columns if name in subject.vectors or name in subject.calendar]
    found = [
        effect for name in wanted[:MOST_COLUMNS] for effect in _of_column(subject, asked, name)
    ]
    return tuple(found[:MOST_COLUMNS])


def _of_column(subject: Subject, asked: Subject, name: str) -> Iterator[Effect]:
    if name in subject.calendar:
        for place in _moving_parts(subject, asked, name):
            yield from _numbers(subject, asked, name, place)
    elif subject.is_category(name):
        yield from _categories(subject, asked, name)
    else:
        yield from _numbers(subject, asked, name)


def _moving_parts(subject: Subject, asked: Subject, name: str) -> list[int]:
    """Positions of the two parts that move the answer most, by a quick look."""
    few = asked.drawn(_FEW_ROWS, purpose=4)
    moved = []
    for place in range(len(subject.calendar[name])):
        grid = _grid(subject.columns[name][:, place], _FEW_POINTS)
        moved.append(float(np.ptp(_means(few, name, grid, place)[1])) if len(grid) > 1 else 0.0)
    return np.argsort(-np.array(moved), kind="stable")[:_MOST_PARTS].tolist()


def _grid(value_N: np.ndarray, points: int) -> np.ndarray:
    """Values to set: all there are if they are few, else quantiles."""
    value_N = value_N[np.isfinite(value_N)]
    if not len(value_N):
        return value_N
    known = np.unique(value_N)
    if len(known) <= points:
        return known
    return np.unique(np.quantile(value_N, np.linspace(0.02, 0.98, points))).astype(value_N.dtype)


def _numbers(
    subject: Subject, asked: Subject, name: str, place: int | None = None
) -> Iterator[Effect]:
    """The effect of a number, or of one part of a moment."""
    value_N = subject.columns[name] if place is None else subject.columns[name][:, place]
    value_N = value_N[np.isfinite(value_N)]
    grid = _grid(value_N, _POINTS)
    if len(grid) < 2:
        return
    of, mean_G = _means(asked, name, grid, place)
    middle = (grid[1:] + grid[:-1]) / 2
    rows = np.bincount(np.searchsorted(middle, value_N), minlength=len(grid))
    yield Effect(
        column=name,
        part="" if place is None else subject.calendar[name][place],
        of=of,
        points=tuple(zip(map(float, grid), mean_G, strict=True)),
        rows=tuple(rows.tolist()),
    )


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


def _means(
    asked: Subject, name: str, value_G: np.ndarray, place: int | None = None
) -> tuple[str, list[float]]:
    """The class that is shown, and the mean answer with each value in every row."""
    mean_GK = []
    for value in value_G:
        column = np.array(asked.columns[name])
        column[... if place is None else (slice(None), place)] = value
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
