"""Binary cross entropy: of each label for itself, minus the logarithm of what is true of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stoker.answers import Answers
from stoker.answers.label_sets import LabelSetAnswers
from stoker.core.errors import RecipeError
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class BinaryCrossEntropy(Loss):
    """Minus the natural logarithm of the probability of what is true, mean over rows and labels."""

    takes: ClassVar[type[Answers]] = LabelSetAnswers

    def __call__(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross entropy of logits; a target may be a share."""
        from torch.nn import functional

        if weight_K is not None or label_smoothing:
            raise RecipeError(
                "class weights and label smoothing are about one class a row",
                fix="leave train.class_weights and train.label_smoothing out",
            )
        return functional.binary_cross_entropy_with_logits(output_NK, target_N.to(output_NK.dtype))
