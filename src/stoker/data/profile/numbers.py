"""Facts of a column's numbers: range, quantiles, whole or not, and a histogram.

Works on different values with their weights, so that 200,000 cells of 500 values cost 500.

Cost: one sort of the different values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stoker.data.profile.column import Histogram, NumberFacts

_SHARES = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
_SHARE_NAMES = tuple(f"{share:g}" for share in _SHARES)
_LARGEST_EXACT = 2.0**53
_MOST_WHOLE_BINS = 24
_BINS = 20
_REACH = 0.25
"""How far beyond the middle 98 % a histogram reaches, in lengths of these."""


@dataclass(frozen=True)
class WeightedValues:
    """Different finite numbers in rising order, and the cells of each."""

    value_V: np.ndarray
    """float64, int64 or uint64."""
    count_V: np.ndarray
    """int64."""
    infinite: int = 0

    @property
    def cells(self) -> int:
        """Cells in all."""
        return int(self.count_V.sum())

    def quantiles(self) -> dict[str, float]:
        """By share: the smallest value at or below which so many of the cells lie.

        >>> WeightedValues(np.array([1.0, 5.0]), np.array([3, 1])).quantiles()["0.75"]
        1.0
        """
        end_V = self.count_V.cumsum()
        at = np.searchsorted(end_V, _SHARES * end_V[-1] - 1e-9)
        values = self.value_V[np.minimum(at, len(end_V) - 1)].tolist()
        return dict(zip(_SHARE_NAMES, map(float, values), strict=True))


def weigh(value_N: np.ndarray, count_N: np.ndarray | None = None) -> WeightedValues:
    """Finite numbers as different values with weights; NaN is no number.

    Args:
        value_N: Numbers of any type.
        count_N: Cells of each; absent: one.
    """
    infinite = 0
    if value_N.dtype.kind == "f":
        far_N = np.isinf(value_N)
        infinite = int(far_N.sum() if count_N is None else count_N[far_N].sum())
        keep = np.isfinite(value_N)
        if not keep.all():
            value_N = value_N[keep]
            count_N = None if count_N is None else count_N[keep]
        value_N = value_N + 0.0 if value_N.dtype == np.float64 else value_N.astype(np.float64)
    if count_N is None:
        return WeightedValues(*np.unique(value_N, return_counts=True), infinite)
    value_V, place_N = np.unique(value_N, return_inverse=True)
    return WeightedValues(value_V, _summed(place_N, count_N, len(value_V)), infinite)


def _summed(place_N: np.ndarray, count_N: np.ndarray, size: int) -> np.ndarray:
    total_V = np.zeros(size, np.int64)
    np.add.at(total_V, place_N, count_N)
    return total_V


def number_facts(found: WeightedValues, *, is_time: bool = False) -> NumberFacts | None:
    """What the numbers of a column tell; None if there is none."""
    if not len(found.value_V):
        return None
    value_V, count_V = found.value_V.astype(np.float64), found.count_V
    is_whole = found.value_V.dtype.kind in "iu" or bool((value_V == np.floor(value_V)).all())
    mean, std = _mean_and_std(value_V, count_V)
    quantiles = found.quantiles()
    return NumberFacts(
        cells=found.cells,
        distinct=_num_distinct(value_V),
        low=float(value_V[0]),
        high=float(value_V[-1]),
        mean=mean,
        std=std,
        quantiles=quantiles,
        is_whole=is_whole,
        is_time=is_time,
        zeros=int(count_V[value_V == 0].sum()),
        negative=int(count_V[value_V < 0].sum()),
        infinite=found.infinite,
        beyond_exact=int(count_V[np.abs(value_V) > _LARGEST_EXACT].sum()) if is_whole else 0,
        steps_of_one=int((np.diff(found.value_V) == 1).sum()) if is_whole else 0,
        histogram=_histogram(found, (quantiles["0.01"], quantiles["0.99"]), is_whole=is_whole),
    )


def _num_distinct(value_V: np.ndarray) -> int:
    """Different float64 numbers, which may be fewer than different whole ones."""
    return 1 + int((np.diff(value_V) != 0).sum())


def _mean_and_std(value_V: np.ndarray, count_V: np.ndarray) -> tuple[float, float]:
    """Mean and population deviation, scaled so that large numbers do not overflow."""
    largest = float(np.abs(value_V).max())
    if largest == 0 or len(value_V) == 1:
        return float(value_V[0]), 0.0
    scaled_V, share_V = value_V / largest, count_V / count_V.sum()
    mean = float((scaled_V * share_V).sum())
    variance = float(((scaled_V - mean) ** 2 * share_V).sum())
    return mean * largest, variance**0.5 * largest


def _histogram(
    found: WeightedValues, middle: tuple[float, float], *, is_whole: bool
) -> Histogram | None:
    edge_B = _edges(found, middle, is_whole=is_whole)
    if edge_B is None:
        return None
    bin_V = bins_of(found.value_V, edge_B)
    counts = np.bincount(bin_V, found.count_V, minlength=len(edge_B) + 1).astype(np.int64)
    below, *inside, above = counts.tolist()
    return Histogram(edges=edge_B.tolist(), counts=inside, below=below, above=above)


def _edges(
    found: WeightedValues, middle: tuple[float, float], *, is_whole: bool
) -> np.ndarray | None:
    low, high = float(found.value_V[0]), float(found.value_V[-1])
    if is_whole and high - low < _MOST_WHOLE_BINS and abs(high) < _LARGEST_EXACT:
        return np.arange(low, high + 2) - 0.5
    first, last = middle
    reach = _REACH * (last - first)
    if reach > 0:
        low, high = max(low, first - reach), min(high, last + reach)
    if not np.isfinite(high - low):
        return None
    edge_B = np.linspace(low, np.nextafter(high, np.inf), _BINS + 1)
    is_fine = (np.diff(edge_B) > 0).all() and np.isfinite(_BINS / (edge_B[-1] - edge_B[0]))
    if is_fine:
        return edge_B
    around = max(0.5, abs(low) / 1e6)  # Too narrow to be divided: one bin.
    return np.array([low - around, high + around])


def bins_of(value_N: np.ndarray, edge_B: np.ndarray) -> np.ndarray:
    """Number of the bin of each value: 0 below the first edge, then 1, 2, ..., then above.

    By one multiplication, as bins are of equal width; so a value next to an edge may fall on either
    side of it, always the same.  NaN falls below.

    >>> bins_of(np.array([-1.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0]))
    array([0, 1, 2, 3])
    """
    num_bins = len(edge_B) - 1
    with np.errstate(invalid="ignore", over="ignore"):
        place_N = (value_N.astype(np.float64) - edge_B[0]) * (num_bins / (edge_B[-1] - edge_B[0]))
        place_N = np.floor(np.fmin(np.fmax(place_N, -1.0), num_bins))
    return place_N.astype(np.int64) + 1
