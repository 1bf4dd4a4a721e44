"""F1 over all pairs of row and label: common labels count as often as they occur."""

from __future__ import annotations

import numpy as np

from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.evaluate.metrics import Metric


class MicroF1(Metric[LabelSetAnswers]):
    """Harmonic mean of precision and recall over all pairs of row and label."""

    takes = LabelSetAnswers
    title = "F1 (micro)"
    place = 10
    takes_many = True
    higher_is_better = True
    why_undefined = "no label is true or answered in any of these rows"

    def prepare(self, answers: LabelSetAnswers) -> LabelSetAnswers:
        """The answers as they are; the draw's tally is shared."""
        return answers

    def value(self, prepared: LabelSetAnswers, draw: Draw) -> np.ndarray:
        """Twice the hits through what is true and what is answered."""
        tally = prepared.tally(draw)
        top = 2 * tally.hit_K.sum(axis=-1)
        bottom = (tally.truth_K + tally.answered_K).sum(axis=-1)
        return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0)

    def cost(self, answers: LabelSetAnswers) -> int:
        """Rows times labels."""
        return answers.num_rows * answers.num_classes
