"""Blend each row with another one, and their targets in the same shares.

The network is asked to be linear between examples, which calms its confidence and helps most where
data are few.  The training loss no longer falls to zero: its floor is the entropy of the shares.

Cost: one pass over the pixels in float32.

Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization",
https://arxiv.org/abs/1710.09412
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.train.augment import Mix, MixingAugmentation

if TYPE_CHECKING:
    import torch


class Mixup(MixingAugmentation):
    """Blend each row with a random other one."""

    alpha: Annotated[float, Field(gt=0)] = 0.2
    """Shape of the Beta(alpha, alpha) that shares are drawn from; small leaves most rows as they
    are, 1 draws every share alike."""

    def draw(self, num_rows: int, generator: torch.Generator) -> Mix:
        """A permutation and a share of at least one half for each row.

        Torch has no Beta law that takes a generator, so one draw of it seeds numpy's.
        """
        import torch

        partner_N = torch.randperm(num_rows, generator=generator)
        seed = int(torch.randint(2**62, (1,), generator=generator))
        share_N = np.random.default_rng(seed).beta(self.alpha, self.alpha, num_rows)
        return Mix(partner_N, torch.from_numpy(np.maximum(share_N, 1 - share_N)).float())
