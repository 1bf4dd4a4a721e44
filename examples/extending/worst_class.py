"""How good answers are for the class that they are worst for."""

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.evaluate.metrics import Metric


class WorstClass(Metric[ClassAnswers]):
    """Share of rows answered right, of the class with the lowest share."""

    takes = ClassAnswers
    title = "Recall of the worst class"
    higher_is_better = True

    def prepare(self, answers):
        """True classes, and whether the answer is right; both by row."""
        return answers.truth_N, answers.hit_N

    def value(self, prepared, draw):
        """A class that the draw misses says nothing."""
        truth_N, hit_N = prepared
        row_K = np.bincount(truth_N, draw.weight_N)
        hit_K = np.bincount(truth_N, draw.weight_N * hit_N)
        return (hit_K[row_K > 0] / row_K[row_K > 0]).min()
