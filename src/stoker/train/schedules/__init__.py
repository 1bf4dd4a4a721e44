"""Learning-rate schedules as pure functions of the step; there is no state to save."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import Field

from stoker.core.steps import Step

WarmUp = Annotated[float, Field(ge=0, lt=1)]


class Schedule(Step, ABC):
    """How the learning rate changes.

    Promise: a factor in [0, 1] for every step in [0, total), equal for equal arguments.
    """

    @abstractmethod
    def factor(self, step: int, total: int) -> float:
        """The share of the peak rate at `step` of `total` optimiser steps."""


def warm_up_factor(step: int, total: int, share: float) -> float:
    """A straight rise over the first `share` of the steps, then 1.

    >>> [warm_up_factor(step, 10, 0.4) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    length = math.floor(share * total)
    return (step + 1) / length if step < length else 1.0
