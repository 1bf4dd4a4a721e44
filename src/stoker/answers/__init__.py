"""Answers beside the truth: what a task makes of a model's outputs, and what metrics look at.

One file for each kind of answer; a task says which kind it `gives`, and a metric which it `takes`.

Every metric is a function of *row counts*.  A score counts each row once; a bootstrap resample
counts some rows twice and others not at all.  So what is dear (softmax, argmax, sorting) is done
once, and a resample costs a few passes over the rows.  Sums that several metrics need (hits of each
class, positives among tied scores) are made once for each draw and shared through `Draw.once`.

Arrays of answers are read-only, as a metric that wrote to one would change what all others see.

Imports numpy only, and knows neither tasks nor files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

_T = TypeVar("_T")


class kept(cached_property[_T]):
    """A property that is made once, and that nobody can write to if it is an array."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The value, made now if it was not made before."""
        if instance is None:
            return self
        value = read_only(super().__get__(instance, owner))
        vars(instance)[self.attrname] = value  # where Python looks from now on
        return value


def read_only(value: Any) -> Any:
    """An array as a view that cannot be written to; anything else as it is.

    >>> read_only(np.zeros(2)).flags.writeable
    False
    """
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    view = value.view()
    view.flags.writeable = False
    return view


class Answers(ABC):
    """What a model answered to some rows, beside the truth."""

    of: ClassVar[str]
    """What is answered, in a word for messages: `classes`, `numbers`."""
    glance: ClassVar[str]
    """The metric that training shows of each epoch, and chooses the best one by."""
    glance_rises: ClassVar[bool]
    """Whether more of it is better."""
    loss_name: ClassVar[str]
    """What `as_read` gives, such as `log_loss`."""
    num_rows: int

    def __setattr__(self, name: str, value: object) -> None:
        """Keep arrays as views that nobody can write to: all metrics look at the same ones."""
        super().__setattr__(name, read_only(value))

    @abstractmethod
    def rows(self, place_N: np.ndarray) -> Self:
        """The answers to some rows, each as often as its place stands there."""

    @abstractmethod
    def at_best(self) -> Self:
        """Answers to the same rows than which none are better."""

    @abstractmethod
    def at_a_glance(self) -> float:
        """That metric."""

    @property
    @abstractmethod
    def loss_N(self) -> np.ndarray:
        """What each row costs by the loss whose mean models are compared by, float64."""

    @staticmethod
    @abstractmethod
    def as_read(mean_loss: float) -> float:
        """A mean of `loss_N` in the unit that readers know."""

    @property
    @abstractmethod
    def distance_N(self) -> np.ndarray:
        """How far each answer lies from the truth, in a unit in which rows may be averaged."""

    @property
    @abstractmethod
    def wrong_N(self) -> np.ndarray:
        """Whether each answer differs from the truth, bool."""

    @property
    @abstractmethod
    def score_N(self) -> np.ndarray:
        """What a reader is shown of each row: 1 for right and 0 for wrong, or a distance."""

    @property
    @abstractmethod
    def belief_NK(self) -> np.ndarray:
        """What the model says of each row, as numbers that may be averaged over rows."""

    @abstractmethod
    def told(self, row: int) -> tuple[str | float, str | float, float | None]:
        """Truth and answer of one row as people read them, and how sure the model was."""
