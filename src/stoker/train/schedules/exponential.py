"""The rate falls by the same share at every step.

The fall is steep at first in plain numbers and even on a logarithmic scale: half of the steps are
taken below the geometric mean of both ends.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from stoker.train.schedules import Schedule, WarmUp, warm_up_factor


class Exponential(Schedule):
    """A warm-up, then an exponential fall down to `end`."""

    end: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Share of the peak rate at the last step."""

    warm_up: WarmUp = 0.0
    """Share of all steps over which the rate rises from near 0 to its peak."""

    def factor(self, step: int, total: int) -> float:
        """`end` to the power of the share of the fall that is over.

        >>> [round(Exponential().factor(step, 5), 3) for step in range(5)]
        [1.0, 0.316, 0.1, 0.032, 0.01]
        """
        start = math.floor(self.warm_up * total)
        if step < start:
            return warm_up_factor(step, total, self.warm_up)
        return self.end ** ((step - start) / max(1, total - 1 - start))
