"""Accuracy: the share of right answers.

Reads well only when classes are about equally frequent; see `balanced_accuracy` otherwise.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import Metric


class Accuracy(Metric[ClassAnswers]):
    """Share of rows answered with their true class."""

    takes = ClassAnswers
    title = "Accuracy"
    place = 10
    takes_many = True
    higher_is_better = True

    smoothed = True

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are."""
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> np.ndarray:
        """A number in [0, 1]."""
        tally = prepared.tally(draw)
        return tally.hit_K.sum(axis=-1) / tally.truth_K.sum(axis=-1)
