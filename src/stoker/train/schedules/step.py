"""The rate falls by a factor at stated moments, and stays level between them.

The oldest schedule; its merit is that the moments are easy to move by hand.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from stoker.train.schedules import Schedule, WarmUp, warm_up_factor


class StepDown(Schedule):
    """Multiply the rate by `gamma` at each milestone."""

    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.75)
    """Moments of the falls as shares of all steps, rising."""

    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """What each fall multiplies the rate by."""

    warm_up: WarmUp = 0.0
    """Share of all steps over which the rate rises from near 0 to its peak."""

    @field_validator("milestones")
    @classmethod
    def _rising(cls, milestones: tuple[float, ...]) -> tuple[float, ...]:
        if list(milestones) != sorted(set(milestones)):
            raise ValueError(f"milestones {milestones} do not rise; order them, each once")
        return milestones

    def factor(self, step: int, total: int) -> float:
        """`gamma` to the power of the milestones passed.

        >>> [StepDown().factor(step, 100) for step in (0, 49, 50, 80)]
        [1.0, 1.0, 0.1, 0.010000000000000002]
        """
        passed = sum(step >= milestone * total for milestone in self.milestones)
        return warm_up_factor(step, total, self.warm_up) * self.gamma**passed
