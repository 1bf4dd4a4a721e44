"""How often each row counts: once for a score, or as a bootstrap resample says.

Counts stay int64 where they are added up: an integer running sum is eight times as fast as one of
floats, and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")


class Draw:
    """How often each row counts: once for the score itself, or as a bootstrap resample says.

    Many resamples may stand in one draw, as rows of its counts; all that is made of it has the same
    first axis.  Of few rows a hundred resamples cost hardly more than one.

    >>> float(Draw(np.array([1, 0, 2])).mean(np.array([1.0, 9.0, 4.0])))
    3.0
    >>> Draw(np.array([[1, 0, 2], [0, 3, 0]])).mean(np.array([1.0, 9.0, 4.0])).tolist()
    [3.0, 9.0]
    """

    def __init__(
        self,
        count_N: np.ndarray,
        *,
        noise: Sequence[Sequence[int]] | None = None,
        weight: float | np.ndarray = 1.0,
    ) -> None:
        """Keep the counts (int64, at least 0, at least one above 0).

        Args:
            count_N: How often each row counts, (N,); or in each of many resamples, (R, N).
            noise: Seed of the pseudo-rows of each resample; None: there are none.
            weight: What a pseudo-row counts, as many rows as are drawn together; (K,) where
                classes differ in that.
        """
        self.count_N = count_N
        self.total = count_N.sum(axis=-1)
        self.noise = noise
        self.weight = weight
        self._made: dict[tuple[object, str], object] = {}

    def each(self) -> Iterator[Draw]:
        """Every resample by itself."""
        if self.count_N.ndim == 1:
            yield self
            return
        for place, count_N in enumerate(self.count_N):
            noise = None if self.noise is None else [self.noise[place]]
            yield Draw(count_N, noise=noise, weight=self.weight)

    @cached_property
    def weight_N(self) -> np.ndarray:
        """The counts as float64, ready for a dot product."""
        return self.count_N.astype(np.float64)

    def mean(self, value_N: np.ndarray) -> np.ndarray:
        """Mean of a row value, each row as often as it counts."""
        return self.weight_N @ value_N / self.total

    def pseudo_3K(self, num_classes: int, shape: float) -> np.ndarray:
        """Pseudo-rows of each class: hits, rows missed, and rows wrongly answered with it.

        Counts that are drawn again from a few rows cannot become what was never seen: 3 of 3 stay
        3 of 3.  About half a row of each kind, drawn from a gamma distribution, makes resamples of
        a share what Jeffreys' prior makes of it, whose intervals hold as often as they say
        (Brown, Cai & DasGupta 2001, https://doi.org/10.1214/ss/1009213286).
        """
        if self.noise is None:
            return np.zeros((3, num_classes))
        return self.once(
            None, f"pseudo {num_classes} {shape}", lambda: self._pseudo(num_classes, shape)
        )

    def _pseudo(self, num_classes: int, shape: float) -> np.ndarray:
        assert self.noise is not None
        seeds = [[*noise, num_classes] for noise in self.noise]
        size = (3, num_classes)
        found = [np.random.default_rng(seed).gamma(shape, size=size) for seed in seeds]
        return self.weight * (found[0] if self.count_N.ndim == 1 else np.stack(found, axis=1))

    def once(self, owner: object, name: str, make: Callable[[], _T]) -> _T:
        """What `make` gives, made at most once for this draw."""
        key = (owner, name)
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # pyrefly: ignore[bad-return]  # the value came from this `make`
