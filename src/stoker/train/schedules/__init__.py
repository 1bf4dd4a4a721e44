"""Learning-rate schedules as pure functions of the step; there is no state to save."""

from __future__ import annotations

from abc import ABC, abstractmethod

from stoker.core.steps import Step


class Schedule(Step, ABC):
    """How the learning rate changes.

    Promise: a factor in [0, 1] for every step in [0, total), equal for equal arguments.
    """

    @abstractmethod
    def factor(self, step: int, total: int) -> float:
        """The share of the peak rate at `step` of `total` optimiser steps."""
