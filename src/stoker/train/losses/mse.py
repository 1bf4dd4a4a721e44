"""Mean squared error of standardised values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stoker.answers import Answers
from stoker.answers.numbers import NumberAnswers
from stoker.core.errors import RecipeError
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class Mse(Loss):
    """Mean squared error of standardised values."""

    takes: ClassVar[type[Answers]] = NumberAnswers

    def __call__(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """The error of the one output of each row."""
        from torch.nn import functional

        if weight_K is not None or label_smoothing:
            raise RecipeError(
                "class weights and label smoothing mean nothing to a number",
                fix="leave train.class_weights and train.label_smoothing out",
            )
        return functional.mse_loss(output_NK[:, 0], target_N)
