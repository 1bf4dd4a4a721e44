"""Cross entropy: minus the logarithm of the true class's probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(Loss):
    """Minus the natural logarithm of the true class's probability, mean over rows."""

    takes: ClassVar[type[Answers]] = ClassAnswers

    def __call__(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross entropy of logits; a row counts with the weight of its class."""
        from torch.nn import functional

        if target_N.ndim == 2:
            return _soft_loss(output_NK, target_N, weight_K, label_smoothing)
        if weight_K is None:
            return functional.cross_entropy(output_NK, target_N, label_smoothing=label_smoothing)
        each_N = functional.cross_entropy(
            output_NK, target_N, weight_K, label_smoothing=label_smoothing, reduction="none"
        )
        return each_N.mean()


def _soft_loss(
    output_NK: Tensor, target_NK: Tensor, weight_K: Tensor | None, label_smoothing: float
) -> Tensor:
    """Cross entropy with a mixture of classes as target; equal to the hard one for one-hot rows."""
    num_classes = output_NK.shape[1]
    target_NK = target_NK * (1 - label_smoothing) + label_smoothing / num_classes
    if weight_K is not None:
        target_NK = target_NK * weight_K
    return -(target_NK * output_NK.log_softmax(dim=1)).sum(dim=1).mean()
