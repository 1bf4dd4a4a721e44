"""Predicted numbers beside true ones where a factor counts and not a difference."""

import numpy as np

from stoker.answers.numbers import NumberAnswers


class RatioAnswers(NumberAnswers):
    """Numbers above 0, compared by their ratio."""

    of = "ratios"
    glance = loss_name = "log_error"

    @property
    def loss_N(self):
        """The square of the logarithm of each ratio."""
        answer_N, truth_N = (np.maximum(x, 1e-300) for x in (self.answer_N, self.truth_N))
        return np.square(np.log(answer_N / truth_N))
