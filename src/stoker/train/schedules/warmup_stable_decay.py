"""A short rise, a long level, a short fall.

Most of the training does not depend on its length: a checkpoint of the level can be trained on for
longer, or be cooled down in a tenth to a fifth of the steps and be about as good as half a cosine
over the whole way.  The fall along 1 - sqrt is steep first and was better than a straight one.

Source: Hu et al. 2024, "MiniCPM", section 4, https://arxiv.org/abs/2404.06395; the fall: Hägele et
al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations",
https://arxiv.org/abs/2405.18392
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stoker.train.schedules import Schedule, WarmUp, warm_up_factor


class WarmupStableDecay(Schedule):
    """A warm-up, the peak rate, and a fall over the last `decay` of the steps."""

    warm_up: WarmUp = 0.05
    """Share of all steps over which the rate rises from near 0 to its peak."""

    decay: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of all steps over which the rate falls, at the end."""

    form: Literal["sqrt", "linear"] = "sqrt"
    """How it falls: along 1 - sqrt of the share of the fall that is over, or straight."""

    end: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the peak rate at which the fall ends."""

    @model_validator(mode="after")
    def _parts_fit(self) -> WarmupStableDecay:
        if self.warm_up + self.decay > 1:
            raise ValueError(
                f"warm_up {self.warm_up} and decay {self.decay} are more than all steps;"
                " together at most 1"
            )
        return self

    def factor(self, step: int, total: int) -> float:
        """Below 1 in the rise and in the fall only; there it is that of the middle of `step`.

        >>> slow = WarmupStableDecay(warm_up=0.25, decay=0.5, form="linear")
        >>> [slow.factor(step, 8) for step in range(8)]
        [0.5, 1.0, 1.0, 1.0, 0.875, 0.625, 0.375, 0.125]
        """
        start = math.ceil((1 - self.decay) * total)
        if step < start:
            return warm_up_factor(step, total, self.warm_up)
        over = (step + 0.5 - start) / (total - start)
        return 1 - (1 - self.end) * (math.sqrt(over) if self.form == "sqrt" else over)
