"""One cycle: up to a high rate, then down far below where it began.

The high middle regularises and crosses flat regions fast, the long fall settles; it reaches a given
accuracy in fewer epochs than any other schedule here, if the length is known beforehand.

Source: Smith & Topin 2018, "Super-Convergence", https://arxiv.org/abs/1708.07120
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from stoker.train.schedules import Schedule


class OneCycle(Schedule):
    """Cosine up from `start` to the peak, then cosine down to `end`."""

    peak: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Moment of the highest rate, as a share of all steps."""

    start: Annotated[float, Field(ge=0, le=1)] = 0.04
    """Share of the peak rate at the first step."""

    end: Annotated[float, Field(ge=0, le=1)] = 0.001
    """Share of the peak rate at the last step."""

    def factor(self, step: int, total: int) -> float:
        """Where the cycle stands at `step`.

        >>> [round(OneCycle(peak=0.5).factor(step, 5), 3) for step in range(5)]
        [0.04, 0.52, 1.0, 0.5, 0.001]
        """
        progress = step / max(1, total - 1)
        if progress < self.peak:
            return _cosine(self.start, 1.0, progress / self.peak)
        return _cosine(1.0, self.end, (progress - self.peak) / (1 - self.peak))


def _cosine(begin: float, end: float, share: float) -> float:
    return end + (begin - end) * (1 + math.cos(math.pi * share)) / 2
