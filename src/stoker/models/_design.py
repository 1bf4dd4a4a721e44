"""Columns as the design of a linear model: a few shapes of each number, one-hot codes.

A number x becomes z = (x - middle) / spread in float64, where middle and spread are the median and
the range of the middle half, so that a far cell moves nothing but itself.  Its shapes are z, cut
off at 8 spreads; the signed logarithm of z where the column has a long tail; hinges max(0, z - k)
at quantiles where bends are asked for; and an indicator where cells were missing.  Shapes are
standardised, so one penalty suits them all.  A code is one-hot, never made: it is a row of a table.

Waves are shapes of all columns at once: cosines of sums of shapes and codes, with weights that are
drawn.  A few hundred of them make a linear model about as good as a machine with a Gaussian kernel:
a smooth function of everything, with what columns do together.

Nothing here looks at the target, so all folds share one design, and the weights of fold models can
be averaged.

Of more than 200,000 rows evenly spaced ones tell the shapes, and a design is made of the rows that
are looked at, when they are.

Cost: 4 bytes for each row and shape; one sort of a sample of each column; a product of the shapes
with as many weights for each wave.

Source: Rahimi & Recht 2007, "Random Features for Large-Scale Kernel Machines", NeurIPS.

Shapes: N rows, P numbers, B shapes (the columns of the dense part), C category columns, L codes of
all of them end to end, R waves, K outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from stoker.core.seeds import derive_seed
from stoker.models._bins import num_rows_of, spread
from stoker.models._joined import Joined

CUT = 8.0
"""Spreads at which z is cut off."""
FAR = 1e30
"""Spreads beyond which nothing is told apart, so that float32 holds it."""
_LONG = 4.0
"""Spreads beyond which a tail is long."""
_SAMPLED_ROWS = 50_000
MANY_ROWS = 200_000
"""Rows from which shapes are learned at most, and up to which a table is one design."""
_PART_ROWS = 65_536
_WIDTH = 2.0
"""Width of the kernel that waves stand for, in usual distances of two rows from their mean."""
_MOST_CODES = 40
"""Codes of a category up to which waves see it: finer ones would make every row far from others."""


@dataclass(frozen=True)
class Shapes:
    """How the numbers of a table become the dense part of a design; all from training rows."""

    middle_P: np.ndarray
    spread_P: np.ndarray
    long_S: np.ndarray
    """Numbers that have a signed logarithm too, int64."""
    hinge_H: np.ndarray
    """Number that each hinge bends, int64."""
    knot_H: np.ndarray
    """Where it bends, in units of z."""
    gap_I: np.ndarray
    """Numbers with an indicator of missing cells, int64."""
    mean_B: np.ndarray
    std_B: np.ndarray

    def dense(self, number_NP: np.ndarray) -> np.ndarray:
        """Standardised shapes, float32 (N, B)."""
        dense_NB = self.raw(number_NP)
        dense_NB -= self.mean_B
        dense_NB /= self.std_B
        return dense_NB

    def raw(self, number_NP: np.ndarray) -> np.ndarray:
        """Shapes before they are standardised, float32 (N, B); the graph computes the same."""
        with np.errstate(over="ignore"):
            z_NP = (number_NP - self.middle_P) / self.spread_P
        gap_NI = np.isnan(z_NP[:, self.gap_I])
        z_NP = np.clip(np.where(np.isnan(z_NP), 0.0, z_NP), -FAR, FAR).astype(np.float32)
        cut_NP = np.clip(z_NP, -CUT, CUT)
        long_NS = z_NP[:, self.long_S]
        long_NS = np.sign(long_NS) * np.log1p(np.abs(long_NS))
        hinge_NH = np.maximum(cut_NP[:, self.hinge_H] - self.knot_H.astype(np.float32), 0)
        return np.concatenate([cut_NP, long_NS, hinge_NH, gap_NI], axis=1, dtype=np.float32)


@dataclass(frozen=True)
class Design:
    """A table as a linear model sees it."""

    dense_NB: np.ndarray
    code_NC: np.ndarray
    """Codes, each column from its own offset on, int64; column after column in memory."""
    size_C: tuple[int, ...]
    """Codes of each category column."""

    @property
    def num_weights(self) -> int:
        """Weights for one output, without the bias."""
        return self.dense_NB.shape[1] + sum(self.size_C)

    def __len__(self) -> int:
        """Rows."""
        return len(self.code_NC)

    def rows(self, index_M: np.ndarray) -> Design:
        """Some of the rows."""
        code_NC = np.asfortranarray(self.code_NC[index_M])
        return Design(self.dense_NB[index_M], code_NC, self.size_C)

    def times(self, weight_WK: np.ndarray) -> np.ndarray:
        """The design times weights, float64 (N, K)."""
        width = self.dense_NB.shape[1]
        out_NK = (self.dense_NB @ weight_WK[:width].astype(self.dense_NB.dtype)).astype(np.float64)
        for k, weight_L in enumerate(np.ascontiguousarray(weight_WK[width:].T)):
            for code_N in self.code_NC.T:
                out_NK[:, k] += weight_L.take(code_N)
        return out_NK

    def transposed_times(self, value_NK: np.ndarray) -> np.ndarray:
        """The transposed design times values, float64 (W, K)."""
        dense_BK = self.dense_NB.T @ value_NK.astype(self.dense_NB.dtype)
        table_LK = np.zeros((sum(self.size_C), value_NK.shape[1]))
        for k, value_N in enumerate(np.ascontiguousarray(value_NK.T)):
            for code_N in self.code_NC.T:
                table_LK[:, k] += np.bincount(code_N, value_N, len(table_LK))
        return np.concatenate([dense_BK.astype(np.float64), table_LK])

    def matrix(self, index_M: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Some of the rows with every code as a column of zeros and ones, float32 (M, W)."""
        dense_MB, code_MC = self.dense_NB[index_M], self.code_NC[index_M]
        made_MW = np.zeros((len(code_MC), self.num_weights), np.float32)
        made_MW[:, : dense_MB.shape[1]] = dense_MB
        made_MW[np.arange(len(code_MC))[:, None], dense_MB.shape[1] + code_MC] = 1
        return made_MW


@dataclass(frozen=True)
class Waves:
    """Cosines of drawn sums of everything that a linear model sees."""

    weight_BR: np.ndarray
    """Of standardised shapes, float32."""
    table_LR: np.ndarray
    """Of codes, float32."""
    phase_R: np.ndarray

    def of(self, dense_NB: np.ndarray, code_NC: np.ndarray) -> np.ndarray:
        """Waves whose mean square is about 1, float32 (N, R)."""
        sum_NR = dense_NB @ self.weight_BR + self.phase_R
        for code_N in code_NC.T:
            sum_NR += self.table_LR[code_N]
        return np.cos(sum_NR, out=sum_NR) * np.float32(2**0.5)


@dataclass(frozen=True)
class Layout:
    """Which columns are numbers and which are codes, and how both become a design."""

    numbers: tuple[tuple[str, int | None], ...]
    """Column, and part of it, of each number."""
    codes: tuple[tuple[str, int], ...]
    """Column and number of codes of each category."""
    shapes: Shapes
    waves: Waves | None = None

    def design(self, columns: Mapping[str, np.ndarray]) -> Design:
        """The design of columns; codes that training never saw count as missing."""
        num_rows = num_rows_of(columns)
        code_NC = np.zeros((num_rows, len(self.codes)), np.int64, order="F")
        start = 0
        for place, (name, size) in enumerate(self.codes):
            code_N = columns[name]
            code_NC[:, place] = start + np.where(code_N < size, code_N, 0)
            start += size
        sizes = tuple(size for _, size in self.codes)
        dense_NB = self.shapes.dense(_numbers(columns))
        if self.waves is not None:
            waves_NR = self.waves.of(dense_NB, code_NC)
            dense_NB = np.concatenate([dense_NB, waves_NR], axis=1)
        return Design(dense_NB, code_NC, sizes)


@dataclass(frozen=True)
class Designs:
    """Designs of some rows of a table: rows of one design or, of many rows, made when asked for."""

    layout: Layout
    columns: Joined

    @cached_property
    def _whole(self) -> Design:
        return self.layout.design(self.columns)

    def rows(self, index_M: np.ndarray) -> Design:
        """The design of some of the rows."""
        if self.columns.num_rows <= MANY_ROWS:
            return self._whole.rows(index_M)
        return self.layout.design(self.columns.some(index_M))

    def parts(self, index_M: np.ndarray) -> Iterator[Design]:
        """The designs of some of the rows, not too many at a time."""
        for begin in range(0, len(index_M), _PART_ROWS):
            yield self.rows(index_M[begin : begin + _PART_ROWS])


def fit_layout(columns: Mapping[str, np.ndarray], *, bends: int, waves: int = 0) -> Layout:
    """Learn the shapes of every number.

    Args:
        columns: Shape (N,) or (N, D): numbers with NaN for missing, or int32 codes.
        bends: Hinges of each number with enough different values.
        waves: How many waves; they are the same for all tables of as many columns.
    """
    names, codes = [], []
    for name, part, value_N in spread(columns):
        if value_N.dtype == np.int32:
            codes.append((name, int(value_N.max(initial=0)) + 1))
        else:
            names.append((name, part))
    if isinstance(columns, Joined) and columns.num_rows > MANY_ROWS:
        columns = columns.some(np.arange(0, columns.num_rows, -(-columns.num_rows // MANY_ROWS)))
    layout = Layout(tuple(names), tuple(codes), _fit_shapes(_numbers(columns), bends))
    if not waves:
        return layout
    return replace(layout, waves=_draw_waves(layout.design(columns), waves))


def no_layout() -> Layout:
    """That of a table without columns: a linear model of it is its bias."""
    none, places = np.zeros(0), np.zeros(0, np.int64)
    return Layout((), (), Shapes(none, none, places, places, none, places, none, none))


def _draw_waves(design: Design, waves: int) -> Waves:
    """Weights such that two usual rows differ by about a radian."""
    generator = np.random.default_rng(derive_seed(0, "waves"))
    seen_L = np.repeat(np.array(design.size_C, np.int64) <= _MOST_CODES, design.size_C)
    share_L = np.bincount(design.code_NC.ravel(), minlength=len(seen_L)) / max(1, len(design))
    spread = design.dense_NB.var(axis=0, dtype=np.float64).sum()
    spread += (seen_L * share_L * (1 - share_L)).sum()
    scale = 1 / (_WIDTH * max(spread, 1e-9) ** 0.5)
    weight_BR = generator.normal(0, scale, (design.dense_NB.shape[1], waves))
    table_LR = generator.normal(0, scale, (len(seen_L), waves)) * seen_L[:, None]
    phase_R = generator.uniform(0, 2 * np.pi, waves)
    return Waves(*(array.astype(np.float32) for array in (weight_BR, table_LR, phase_R)))


def _numbers(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The numbers side by side, float64 (N, P)."""
    found = [value_N for _, _, value_N in spread(columns) if value_N.dtype != np.int32]
    number_NP = np.empty((num_rows_of(columns), len(found)))
    for place, value_N in enumerate(found):
        number_NP[:, place] = value_N
    return number_NP


def _fit_shapes(number_NP: np.ndarray, bends: int) -> Shapes:
    step = max(1, len(number_NP) // _SAMPLED_ROWS)
    measured = [_measure(value_N[::step], bends) for value_N in number_NP.T]
    middle_P, spread_P = (np.array([m[i] for m in measured], np.float64) for i in (0, 1))
    hinges = [(place, knot) for place, m in enumerate(measured) for knot in m[2]]
    with np.errstate(over="ignore"):
        far_P = np.nanmax(np.abs((number_NP - middle_P) / spread_P), axis=0, initial=0)
    plain = Shapes(
        middle_P=middle_P,
        spread_P=spread_P,
        long_S=np.flatnonzero(far_P > _LONG),
        hinge_H=np.array([place for place, _ in hinges], np.int64),
        knot_H=np.array([knot for _, knot in hinges], np.float64),
        gap_I=np.flatnonzero(np.isnan(number_NP).any(axis=0)),
        mean_B=np.empty(0),
        std_B=np.empty(0),
    )
    raw_NB = plain.raw(number_NP)
    mean_B = raw_NB.mean(axis=0, dtype=np.float64)
    std_B = raw_NB.std(axis=0, dtype=np.float64)
    std_B = np.where(std_B > 1e-6, std_B, 1.0)
    return Shapes(**{**vars(plain), "mean_B": mean_B, "std_B": std_B})


def _measure(value_N: np.ndarray, bends: int) -> tuple[float, float, list[float]]:
    """Median, spread, and the knots in units of spread."""
    value_N = value_N[~np.isnan(value_N)]
    if not len(value_N):
        return 0.0, 1.0, []
    value_N = np.sort(value_N)
    low, middle, high = quantiles(value_N, [0.25, 0.5, 0.75])
    width = (high - low) / 1.349
    if not width > 0:
        inner_N = np.clip(value_N, *quantiles(value_N, [0.01, 0.99]))
        width = inner_N.std() or np.abs(value_N - middle).max() or 1.0
    if not bends or np.count_nonzero(np.diff(value_N)) <= 1:
        return float(middle), float(width), []
    places = np.linspace(0, 1, bends + 2)[1:-1]
    knots = np.unique((quantiles(value_N, places) - middle) / width)
    top = float(value_N[-1] - middle) / width
    return float(middle), float(width), [k for k in knots.tolist() if -CUT < k < min(CUT, top)]


def quantiles(sorted_N: np.ndarray, share_Q: Sequence[float] | np.ndarray) -> np.ndarray:
    """Quantiles of rising numbers, straight between neighbours; 0.1 ms less than NumPy's a column.

    >>> quantiles(np.array([1.0, 2.0, 4.0]), [0.25, 0.5, 1.0]).tolist()
    [1.5, 2.0, 4.0]
    """
    place_Q = np.asarray(share_Q) * (len(sorted_N) - 1)
    below_Q = np.floor(place_Q).astype(np.int64)
    low_Q, high_Q = sorted_N[below_Q], sorted_N[np.minimum(below_Q + 1, len(sorted_N) - 1)]
    part_Q = place_Q - below_Q
    gap_Q = high_Q - low_Q
    return np.where(part_Q < 0.5, low_Q + gap_Q * part_Q, high_Q - gap_Q * (1 - part_Q))
