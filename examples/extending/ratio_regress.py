"""Predict a number above 0, and be judged by the ratio."""

from stoker.answers.ratios import RatioAnswers
from stoker.tasks import Task
from stoker.tasks.log_regress import FittedLogRegress, LogRegress


class FittedRatioRegress(FittedLogRegress):
    """Turns numbers into standardised logarithms, and back."""

    gives = RatioAnswers

    @property
    def primary(self):
        """What to show first."""
        return ("log_error", "rmse")

    def answers(self, output_NK, target_N, weights=None):
        """The same numbers, looked at as ratios."""
        numbers = super().answers(output_NK, target_N)
        return RatioAnswers(numbers.answer_N, numbers.truth_N)


class RatioRegress(Task):
    """Predict a number above 0, and be judged by the ratio."""

    gives = RatioAnswers

    def fit(self, target):
        """As `log_regress` does."""
        return FittedRatioRegress(**LogRegress().fit(target).model_dump())
