"""Area under the precision-recall curve, as average precision.

Precision at each threshold, weighted by the recall gained there; no straight lines between points,
which would flatter the model.  With two classes it is that of the second one; with more, the mean
of each class against the rest, over the classes that occur.  Chance is the share of the class, so
it shows what ROC AUC hides when positives are rare.

Cost: one sort of each ranked class (shared with `roc_auc`), then O(K N) for each draw.

Source: Davis & Goadrich 2006, "The relationship between Precision-Recall and ROC curves",
https://doi.org/10.1145/1143844.1143874
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.metrics import (
    Metric,
    UndefinedMetricError,
    deciding_rows,
    mean_where,
    rows_of_class,
)


class PrAuc(Metric[ClassAnswers]):
    """Average precision over all thresholds."""

    takes = ClassAnswers
    title = "PR AUC"
    place = 70
    takes_many = True
    higher_is_better = True

    def prepare(self, answers: ClassAnswers) -> ClassAnswers:
        """The answers as they are.

        Raises:
            UndefinedMetricError: If no ranked class has a row, so that there is nothing to find; or
                one class only occurs, when any model would score 1.
        """
        if len(np.unique(answers.truth_N)) < 2:
            raise UndefinedMetricError("only one class occurs in these rows")
        return answers

    def value(self, prepared: ClassAnswers, draw: Draw) -> np.ndarray:
        """A number in [0, 1]; the share of the class is chance."""
        tally = prepared.rank_tally(draw)
        defined_C = (tally.own_C > 0) & (tally.own_C < tally.total[..., None])
        found_G = tally.own_above_G + tally.own_G
        rows_G = found_G + tally.other_above_G + tally.other_G
        gain_G = tally.own_G * (found_G / np.maximum(rows_G, 1))
        area_C = np.add.reduceat(gain_G, tally.first_C, axis=-1)
        return mean_where(area_C / np.maximum(tally.own_C, 1), defined_C)

    def about(self, num_classes: int | None) -> str:
        """What it is, and for which classes."""
        how = "the positive class" if num_classes == 2 else "each class against the rest, averaged"
        return f"{super().about(num_classes).rstrip('.')}; {how}."

    def deciding_rows(self, answers: ClassAnswers) -> float:
        """Fewer where a class is rare, as each of its rows weighs the more."""
        return deciding_rows(1 / np.bincount(answers.truth_N)[answers.truth_N])

    def class_rows(self, answers: ClassAnswers) -> float:
        """Rows of the rarer class; of more classes, what they are worth together."""
        return rows_of_class(np.bincount(answers.truth_N))

    def luck(self, answers: ClassAnswers) -> float:
        """Of rows in random order some of a rare class stand near the top, and count much there.

        The mean over all orders (Bestgen 2015, https://doi.org/10.1007/978-3-319-18117-2_14), with
        ties, beyond the share of the class.

        >>> even = np.linspace(0.1, 0.9, 200)
        >>> answers = ClassAnswers(np.stack([0 * even, even], 1), (np.arange(200) < 6).astype(int))
        >>> round(PrAuc().luck(answers), 3)
        0.024
        """
        rows_K = np.bincount(answers.truth_N, minlength=answers.num_classes)
        total = answers.num_rows
        found = [
            (1 - (rows_K[one] - 1) / (total - 1)) * (_steps(score_N) - 1) / total
            for one in answers.ranked_classes
            if 0 < rows_K[one] < total
            for score_N in [answers.probability_NK[:, one]]
        ]
        return float(np.mean(found)) if found else 0.0

    def cost(self, answers: ClassAnswers) -> int:
        """Rows times ranked classes."""
        return answers.num_rows * len(answers.ranked_classes)


def _steps(score_N: np.ndarray) -> float:
    """Sum over groups of equal score, best first, of their rows by those above and in them."""
    _, size_G = np.unique(-score_N, return_counts=True)
    return float((size_G / size_G.cumsum()).sum())
