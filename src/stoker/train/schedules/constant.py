"""The same rate all the way, after an optional warm-up."""

from __future__ import annotations

from stoker.train.schedules import Schedule, WarmUp, warm_up_factor


class Constant(Schedule):
    """The peak rate at every step after the warm-up."""

    warm_up: WarmUp = 0.0
    """Share of all steps over which the rate rises from near 0 to its peak."""

    def factor(self, step: int, total: int) -> float:
        """1, or less while warming up.

        >>> Constant().factor(3, 10)
        1.0
        """
        return warm_up_factor(step, total, self.warm_up)
