"""Contrastive loss: rows that belong together lie nearer than all others of their batch.

For each pair of rows of one code in a batch it is minus the logarithm of what the pair has of the
sum over itself and all rows of other codes, with cosines through a temperature.  Further rows of
the code are left out of that sum, so they are pulled near and never pushed away.  A row without a
partner in the batch is only one that others are to be far from.

The loss of a row follows the rows beside it, so a batch is not the sum of its pieces: gradients
cannot be accumulated over smaller ones.

Cost: B^2 D multiplications for a batch of B rows.

Source: van den Oord et al. 2018, https://arxiv.org/abs/1807.03748; for several partners Feeney and
Hughes 2023, https://arxiv.org/abs/2309.14277
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stoker.answers import Answers
from stoker.answers.vectors import VectorAnswers
from stoker.core.errors import RecipeError
from stoker.train.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK_CELLS = 1 << 22


class Contrastive(Loss):
    """How much nearer partners are than others of the batch, mean over rows that have some."""

    takes: ClassVar[type[Answers]] = VectorAnswers
    of_rows: ClassVar[bool] = False

    temperature: Annotated[float, Field(gt=0, le=1)] = 0.05
    """What cosines are divided by: the smaller, the more the nearest wrong rows count."""

    def __call__(
        self,
        output_NK: Tensor,
        target_N: Tensor,
        *,
        weight_K: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """The loss of vectors of any length; 0 where no row has a partner."""
        from torch.nn import functional

        if weight_K is not None or label_smoothing:
            raise RecipeError(
                "class weights and label smoothing mean nothing to a vector",
                fix="leave train.class_weights and train.label_smoothing out",
            )
        unit_NK = functional.normalize(output_NK.float(), dim=1)
        size = max(1, _BLOCK_CELLS // len(unit_NK))
        total, count = unit_NK.sum() * 0.0, 0
        for begin in range(0, len(unit_NK), size):
            sum_of_block, anchors = self._block(unit_NK, target_N, begin, begin + size)
            total, count = total + sum_of_block, count + anchors
        return total / max(1, count)

    def _block(self, unit_NK: Tensor, target_N: Tensor, begin: int, end: int) -> tuple[Tensor, int]:
        """The sum over some rows, and how many of them have a partner."""
        from torch.nn import functional

        near_BN = unit_NK[begin:end] @ unit_NK.T / self.temperature
        same_BN = target_N[begin:end, None] == target_N
        others_B1 = near_BN.masked_fill(same_BN, -1e9).logsumexp(1, keepdim=True)
        partner_BN = same_BN.clone()
        partner_BN.diagonal(begin).fill_(value=False)
        cost_BN = functional.softplus(others_B1 - near_BN) * partner_BN
        partners_B = partner_BN.sum(1)
        return (cost_BN.sum(1) / partners_B.clamp_min(1)).sum(), int((partners_B > 0).sum())
