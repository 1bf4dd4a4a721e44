"""Focal loss: cross entropy that counts rows less, the surer they are right.

Where nearly all rows are easy, as with a rare class, their many small losses drown the few large
ones; a factor (1 - p)^gamma, with p the probability of the true class, takes them out.  The
probabilities that come of it are too cautious; the bundle's temperature mends that where validation
says so.

Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", https://arxiv.org/abs/1708.02002
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class Focal(Loss):
    """Cross entropy times (1 - p)^gamma, p the probability of the true class, mean over rows."""

    takes: ClassVar[type[Answers]] = ClassAnswers

    gamma: Annotated[float, Field(ge=0)] = 2.0
    """How much less sure rows count; 0 is cross entropy."""

    def __call__(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Focal loss of logits, of each class by its share of a soft target."""
        from torch.nn import functional

        num_classes = output_NK.shape[1]
        target_NK = target_N
        if target_N.ndim == 1:
            target_NK = functional.one_hot(target_N, num_classes).to(output_NK.dtype)
        if label_smoothing:
            target_NK = target_NK * (1 - label_smoothing) + label_smoothing / num_classes
        if weight_K is not None:
            target_NK = target_NK * weight_K
        log_NK = output_NK.log_softmax(dim=1)
        # expm1 keeps the digits of 1 - p where p is close to 1, and so the slope.
        doubt_NK = (-log_NK.expm1()).clamp_min(1e-12)
        return -(target_NK * doubt_NK**self.gamma * log_NK).sum(dim=1).mean()
