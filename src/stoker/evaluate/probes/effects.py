"""How answers move, on average, when one column is set to one value in every row.

Other columns keep their cells, so where two columns go together the picture shows rows that do not
exist (a small flat with ten rooms); it shows what the model would say, and not what the world would
do.  Beside it stands how often each value occurs, as ends of a curve often rest on a few rows.

For two classes it is the probability of the second one, for more that of the class that moves most
over all columns, the same in each picture; for numbers the prediction in the target's unit.

A moment is shown by the two parts of the calendar that move the answer most, such as the weekday;
text, whose parts no single value stands for, is not shown.

Cost: at most 7,500 answers, and 1,000 for each moment.

Source: Friedman 2001, "Greedy Function Approximation", section 8.2,
https://doi.org/10.1214/aos/1013203451
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stoker.core.value import Value
from stoker.evaluate.probes import Probed
from stoker.evaluate.score import answers_of

MOST_COLUMNS = 6
_MOST_ROWS = 100
_POINTS = 12
_MOST_PARTS = 2
_FEW_ROWS, _FEW_POINTS = 50, 5
_MOST_VALUES = 8


class Effect(Value):
    """One column."""

    column: str
    part: str = ""
    """Part of the calendar that was set, where the column holds moments."""
    of: str = ""
    """The class whose probability it is; empty for numbers."""
    points: tuple[tuple[float, float], ...] = ()
    """(value, mean answer), for numbers."""
    values: tuple[tuple[str, float], ...] = ()
    """(name, mean answer), for categories, most frequent first, and for truth values."""
    rows: tuple[int, ...] = ()
    """Rows nearest to each value."""


def effects(subject: Probed, columns: Sequence[str]) -> tuple[Effect, ...]:
    """The effect of some columns, in their order; text is left out.

    Args:
        subject: The model and its rows.
        columns: Columns, the most important first; at most 6 effects are drawn.
    """
    asked = subject.drawn(_MOST_ROWS, purpose=3)
    wanted = [name for name in columns if name in subject.vectors or name in subject.calendar]
    found = [one for name in wanted[:MOST_COLUMNS] for one in _of_column(subject, asked, name)]
    found = found[:MOST_COLUMNS]
    shown = _class_shown([one.mean_GK for one in found])
    names = subject.task.class_names
    of = names[shown] if names else ""
    return tuple(one.effect(of, shown) for one in found)


@dataclass(frozen=True)
class _Asked:
    """A column with the mean answers of all classes."""

    column: str
    grid_G: np.ndarray
    """Values that were set."""
    mean_GK: np.ndarray
    rows_G: np.ndarray
    part: str = ""
    names: tuple[str, ...] = ()
    """What the values are called, where they are no numbers."""

    def effect(self, of: str, shown: int) -> Effect:
        """What is drawn of one class."""
        mean_G = self.mean_GK[:, shown].tolist()
        values = tuple(zip(self.names, mean_G, strict=True)) if self.names else ()
        points = () if values else tuple(zip(map(float, self.grid_G), mean_G, strict=True))
        return Effect(
            column=self.column,
            part=self.part,
            of=of,
            points=points,
            values=values,
            rows=tuple(self.rows_G.tolist()),
        )


def _class_shown(means: Sequence[np.ndarray]) -> int:
    """The second of two classes, of more the one whose probability moves most over all columns."""
    if not means or means[0].shape[1] < 2:
        return 0
    moved_K = np.sum([np.ptp(mean_GK, axis=0) for mean_GK in means], axis=0)
    return 1 if len(moved_K) == 2 else int(moved_K.argmax())


def _of_column(subject: Probed, asked: Probed, name: str) -> Iterator[_Asked]:
    if name in subject.calendar:
        for place in _moving_parts(subject, asked, name):
            yield from _numbers(subject, asked, name, place)
    elif subject.is_category(name):
        yield from _categories(subject, asked, name)
    else:
        yield from _numbers(subject, asked, name)


def _moving_parts(subject: Probed, asked: Probed, name: str) -> list[int]:
    """Positions of the two parts that move the answer most, by a quick look."""
    few = asked.drawn(_FEW_ROWS, purpose=4)
    moved = []
    for place in range(len(subject.calendar[name])):
        grid = _grid(subject.arrays[name][:, place], _FEW_POINTS)
        moved.append(
            float(np.ptp(_means(few, name, grid, place), axis=0).max()) if len(grid) > 1 else 0.0
        )
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
    subject: Probed, asked: Probed, name: str, place: int | None = None
) -> Iterator[_Asked]:
    """A number, truth values, or one part of a moment."""
    value_N = subject.arrays[name] if place is None else subject.arrays[name][:, place]
    value_N = value_N[np.isfinite(value_N)]
    grid = _grid(value_N, _POINTS)
    if len(grid) < 2:
        return
    middle = (grid[1:] + grid[:-1]) / 2
    yield _Asked(
        column=name,
        grid_G=grid,
        mean_GK=_means(asked, name, grid, place),
        rows_G=np.bincount(np.searchsorted(middle, value_N), minlength=len(grid)),
        part="" if place is None else subject.calendar[name][place],
        names=tuple(subject.categories.get(name, ())) if grid.tolist() == [0, 1] else (),
    )


def _categories(subject: Probed, asked: Probed, name: str) -> Iterator[_Asked]:
    code_U, rows_U = np.unique(subject.vectors[name], return_counts=True)
    first = np.argsort(-rows_U, kind="stable")[:_MOST_VALUES]
    if len(first) < 2:
        return
    yield _Asked(
        column=name,
        grid_G=code_U[first],
        mean_GK=_means(asked, name, code_U[first]),
        rows_G=rows_U[first],
        names=tuple(code_name(subject, name, int(code)) for code in code_U[first]),
    )


def code_name(subject: Probed, column: str, code: int) -> str:
    """What a code of a column stands for."""
    known = subject.categories.get(column, ())
    return str(known[code - 1]) if 0 < code <= len(known) else "missing or unseen"


def _means(asked: Probed, name: str, value_G: np.ndarray, place: int | None = None) -> np.ndarray:
    """The mean answers with each value in every row: of each class, or of the number alone."""
    mean_GK = []
    for value in value_G:
        column = np.array(asked.arrays[name])
        column[... if place is None else (slice(None), place)] = value
        output_NK = asked.outputs_of({**asked.columns, name: column})
        answers = answers_of(output_NK, asked.target_N, asked.task)
        mean_GK.append(answers.belief_NK.mean(axis=0))
    return np.array(mean_GK)
