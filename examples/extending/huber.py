"""Huber's loss: squared where an answer is near, straight where it is far.

Source: Huber 1964, "Robust Estimation of a Location Parameter".
"""

from stoker.answers.numbers import NumberAnswers
from stoker.core.errors import RecipeError
from stoker.train.losses import Loss


class Huber(Loss):
    """Squared error near the truth, absolute error far from it."""

    takes = NumberAnswers
    delta: float = 1.0
    """Where near ends, in standard deviations of the target."""

    def __call__(self, output_NK, target_N, *, weight_K=None, label_smoothing=0.0):
        """The mean over the rows."""
        from torch.nn.functional import huber_loss

        if weight_K is not None or label_smoothing:
            raise RecipeError("class weights and label smoothing mean nothing to a number")
        return huber_loss(output_NK[:, 0], target_N, delta=self.delta)
