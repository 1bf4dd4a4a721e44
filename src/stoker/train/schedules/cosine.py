"""The rate falls along half a cosine, slowly at both ends.

Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts" (without
the restarts), https://arxiv.org/abs/1608.03983
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from stoker.train.schedules import Schedule, WarmUp, warm_up_factor


class Cosine(Schedule):
    """A warm-up, then half a cosine down to `floor`."""

    warm_up: WarmUp = 0.05
    """Share of all steps over which the rate rises from near 0 to its peak."""

    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the peak at which the fall ends."""

    def factor(self, step: int, total: int) -> float:
        """Where the cosine stands at the middle of `step`.

        >>> [round(Cosine(warm_up=0).factor(step, 4), 3) for step in range(4)]
        [0.962, 0.691, 0.309, 0.038]
        """
        start = math.floor(self.warm_up * total)
        if step < start:
            return warm_up_factor(step, total, self.warm_up)
        progress = (step + 0.5 - start) / max(1, total - start)
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * min(1.0, progress))) / 2
