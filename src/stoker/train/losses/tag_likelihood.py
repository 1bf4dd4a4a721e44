"""Tag likelihood: minus the logarithm of the probability of a row's true tags, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from stoker.answers import Answers
from stoker.answers.tags import TagAnswers
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class TagLikelihood(Loss):
    """Minus the log probability of the true tags of each row, mean over rows."""

    takes: ClassVar[type[Answers]] = TagAnswers

    def __call__(
        self,
        output_NK: Any,
        target_N: Any,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross entropy of all tokens, divided by the number of rows.

        Args:
            output_NK: Logits of each token, a `RaggedTensor`.
            target_N: What `FittedTag.encode` made, a `RaggedTensor`.
            weight_K: None; tags have no weights.
            label_smoothing: Share of a target that is spread over all tags.
        """
        import torch
        from torch.nn import functional

        is_tag_V = torch.ones(len(target_N.values), dtype=torch.bool)
        is_tag_V[target_N.offsets[:-1]] = False
        code_V = target_N.values[is_tag_V.to(target_N.values.device)].long()
        total = functional.cross_entropy(
            output_NK.values, code_V, label_smoothing=label_smoothing, reduction="sum"
        )
        return total / max(1, len(target_N.offsets) - 1)
