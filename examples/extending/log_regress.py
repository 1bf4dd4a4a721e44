"""Predict a number above 0 by its logarithm, so that errors are shares: prices, sizes, counts."""

import numpy as np
import pyarrow as pa

from stoker.answers.numbers import NumberAnswers
from stoker.tasks import Task
from stoker.tasks.regress import FittedRegress, Regress


class FittedLogRegress(FittedRegress):
    """Turns numbers into standardised logarithms, and back."""

    def encode(self, column):
        """Logarithms; what is missing or not above 0 is a bad cell."""
        return super().encode(logarithms(column))

    def decode(self, output_NK, weights=None):
        """Numbers in the target's own unit."""
        log_N = super().decode(output_NK)["prediction"].to_numpy()
        return pa.table({"prediction": np.exp(log_N)})

    def answers(self, output_NK, target_N, weights=None):
        """Both in the target's own unit."""
        log_N, truth_N = (x * self.std + self.mean for x in (output_NK[:, 0], target_N))
        return NumberAnswers(np.exp(log_N), np.exp(truth_N))


class LogRegress(Task):
    """Predict a number above 0 by its logarithm."""

    gives = NumberAnswers

    def fit(self, target):
        """Learn the scale of the logarithms."""
        return FittedLogRegress(**Regress().fit(logarithms(target)).model_dump())


def logarithms(column):
    """The logarithm of each cell; missing where it has none."""
    value_N = Regress().read(column).value_N
    return pa.chunked_array([np.log(value_N, where=value_N > 0, out=np.full(len(value_N), np.nan))])
