"""Expected calibration error: how far confidence is from being right that often.

Rows are put into 15 bins of equal width by the probability of the *answered* class (its
confidence), the first bin closed on both sides, each other one open below and closed above; the
error is the mean over rows of |share answered right - mean confidence| of their bin.

Taken as it stands that number is mostly noise on few rows: 0.075 for a perfectly calibrated model
and 150 rows, as chance moves every share and absolute values add up.  A bootstrap adds the same
noise once more, so its interval lies off.  Therefore chance is taken out: the gaps of the bins are
thought of as drawn from a normal distribution of unknown width, each bin's own chance error is
known from its rows, and what is told is the mean error under all gaps that agree with what was
seen.  With many rows it is the plain definition.

The interval comes from the same distribution and not from resampling.  It begins at 0 where the
gaps are no larger than chance makes them in one of twenty calibrated models.

Cost: O(N) and some 2,000 numbers.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2,
https://arxiv.org/abs/1706.04599; the bias: Kumar et al. 2019, "Verified Uncertainty Calibration",
https://arxiv.org/abs/1909.10155; the model of the gaps: Gelman et al. 2013, "Bayesian Data
Analysis", section 5.4
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric

NUM_BINS = 15
_WIDTH_T = 0.5 * np.linspace(0, 1, 60) ** 2
"""Standard deviations that gaps may have."""
_PRIOR_T = np.gradient(_WIDTH_T)
"""Every width is as likely as any other."""
_DRAWS = 2_000
_TAILS = (0.025, 0.975)
_AT_U = np.linspace(0, 8, 401)
_FOLDED_U = np.array(
    [
        u * math.erf(u / math.sqrt(2)) + math.sqrt(2 / math.pi) * math.exp(-u * u / 2)
        for u in _AT_U.tolist()
    ]
)
"""Mean of |u + a standard normal number|."""


def bin_of(share_N: np.ndarray) -> np.ndarray:
    """The bin, 0 to 14, of each number in [0, 1].

    >>> bin_of(np.array([0.0, 1 / 15, 0.5, 1.0])).tolist()
    [0, 0, 7, 14]
    """
    return np.searchsorted(np.linspace(0, 1, NUM_BINS + 1)[1:-1], share_N, side="left")


class Ece(Metric[ClassAnswers]):
    """Mean gap between confidence and share right, over 15 bins of confidence, without chance."""

    takes = ClassAnswers
    title = "Calibration error (ECE)"
    takes_skill = False
    place = 100
    takes_many = True
    higher_is_better = False

    def prepare(self, answers: ClassAnswers) -> _Sorted:
        """Rows sorted by bin."""
        bin_N = bin_of(answers.confidence_N)
        order_N = np.argsort(bin_N, kind="stable")
        _, first_B = np.unique(bin_N[order_N], return_index=True)
        confidence_N = answers.confidence_N[order_N]
        return _Sorted(order_N, first_B, answers.hit_N[order_N] - confidence_N, confidence_N)

    def value(self, prepared: _Sorted, draw: Draw) -> np.ndarray:
        """A number in [0, 1]; 0 is perfectly calibrated."""
        return prepared.gaps(draw).mean_error

    def own_interval(self, prepared: _Sorted, draw: Draw) -> tuple[float, float] | None:
        """From what the gaps may be, given what was seen."""
        return prepared.gaps(draw).interval


@dataclass(frozen=True)
class _Sorted:
    """Rows by bin: right (1 or 0) minus confidence, and confidence."""

    order_N: np.ndarray
    first_B: np.ndarray
    gap_N: np.ndarray
    confidence_N: np.ndarray

    def gaps(self, draw: Draw) -> _Gaps:
        """The gap of each bin that has rows in a draw, and how far chance moves it."""
        count_N = draw.count_N.take(self.order_N, axis=-1)
        known_N = self.confidence_N * (1 - self.confidence_N)
        columns = (count_N, *(count_N * one for one in (self.gap_N, self.gap_N**2, known_N)))
        all_B, gap_B, square_B, known_B = (
            np.add.reduceat(one, self.first_B, axis=-1) for one in columns
        )
        rows_B = np.maximum(all_B, 1)
        gap_B = gap_B / rows_B
        # What the shares scatter by, and what they would by the confidence alone; neither is 0 by
        # the luck of a small bin.
        spread_B = np.maximum(square_B / rows_B - gap_B**2, known_B / rows_B)
        noise_B = np.where(all_B > 0, np.maximum(spread_B, 1e-30) / rows_B, np.inf)
        return _Gaps(all_B / draw.total[..., None], gap_B, noise_B)


@dataclass(frozen=True)
class _Gaps:
    share_B: np.ndarray
    """Share of rows in the bin."""
    seen_B: np.ndarray
    """Share right minus mean confidence."""
    noise_B: np.ndarray
    """Variance of that by chance; infinite for a bin without rows, of which nothing is known."""

    @cached_property
    def weight_T(self) -> np.ndarray:
        """How likely each width of the gaps is, given what was seen."""
        noise_1B = np.where(np.isfinite(self.noise_B), self.noise_B, 1.0)[..., None, :]
        is_seen_1B = np.isfinite(self.noise_B)[..., None, :]
        total_TB = _WIDTH_T[:, None] ** 2 + noise_1B
        cost_TB = np.log(total_TB) + self.seen_B[..., None, :] ** 2 / total_TB
        log_T = -0.5 * (cost_TB * is_seen_1B).sum(axis=-1)
        weight_T = np.exp(log_T - log_T.max(axis=-1, keepdims=True)) * _PRIOR_T
        return weight_T / weight_T.sum(axis=-1, keepdims=True)

    @cached_property
    def kept_TB(self) -> np.ndarray:
        """Share of each seen gap that is believed, for each width."""
        square_T1 = _WIDTH_T[:, None] ** 2
        return square_T1 / (square_T1 + self.noise_B[..., None, :])

    @property
    def mean_error(self) -> np.ndarray:
        """Mean over rows of the size of the gaps, over all that they may be."""
        noise_1B = np.where(np.isfinite(self.noise_B), self.noise_B, 0.0)[..., None, :]
        deviation_TB = np.sqrt(self.kept_TB * noise_1B)
        with np.errstate(divide="ignore", invalid="ignore"):
            u_TB = np.abs(self.kept_TB * self.seen_B[..., None, :]) / deviation_TB
        folded_TB = np.where(u_TB < _AT_U[-1], np.interp(u_TB, _AT_U, _FOLDED_U), u_TB)
        size_TB = np.where(deviation_TB > 0, folded_TB * deviation_TB, 0.0)
        error_T = (size_TB * self.share_B[..., None, :]).sum(axis=-1)
        return (self.weight_T * error_T).sum(axis=-1)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval of the error."""
        generator = np.random.default_rng(0)
        kept_RB = self.kept_TB[generator.choice(len(_WIDTH_T), _DRAWS, p=self.weight_T)]
        noise_RB = generator.normal(size=kept_RB.shape)
        gap_RB = kept_RB * self.seen_B + np.sqrt(kept_RB * self.noise_B) * noise_RB
        low, high = np.quantile(np.abs(gap_RB) @ self.share_B, _TAILS)
        by_chance_R = (noise_RB**2).sum(1)
        is_chance = (self.seen_B**2 / self.noise_B).sum() <= np.quantile(by_chance_R, 0.95)
        return 0.0 if is_chance else float(low), float(high)
