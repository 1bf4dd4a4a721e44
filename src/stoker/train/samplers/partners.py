"""Rows that belong together in one batch, as a loss that compares the rows of a batch needs them.

The rows of each code are drawn into pieces of a few anew for each epoch, an odd one out included,
and the pieces are dealt to batches.  So a label of many rows does not fill a batch alone, and every
row comes once an epoch.

Cost: a sort of the rows an epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.core.errors import RecipeError
from stoker.train.samplers import Draw, Epoch, Sampler, generator_of, joined

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


class Partners(Sampler):
    """Every row once an epoch, a few of one code together."""

    together: Annotated[int, Field(ge=2)] = 2
    """Rows of a code that stand in one batch, where it has as many."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Pieces, in batches of as many as surely fit.

        Raises:
            RecipeError: If the target is a number, and so nothing belongs together.
        """
        code_N = np.asarray(rows.target)
        if code_N.dtype.kind != "i":
            raise RecipeError(
                "the sampler partners goes by what belongs together, and this target is a number",
                fix="leave train.sampler out",
            )
        code_N = np.unique(code_N, return_inverse=True)[1]
        pieces_of_batch = max(1, batch_size // self.together)

        def draw(epoch: int) -> Epoch:
            generator = generator_of(seed, "partners", epoch)
            pieces = _pieces(code_N, self.together, generator)
            order = generator.permutation(len(pieces))
            dealt = np.array_split(order, -(-len(pieces) // pieces_of_batch))
            batches = [np.concatenate([pieces[place] for place in batch]) for batch in dealt]
            return joined(batches, np.arange(len(batches)))

        return draw


def _pieces(code_N: np.ndarray, together: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Rows of one code, a few at a time, in an order drawn within each code.

    >>> pieces = _pieces(np.array([0, 1, 0, 1, 0]), 2, np.random.default_rng(0))
    >>> sorted(map(len, pieces)), sorted(np.concatenate(pieces).tolist())
    ([1, 2, 2], [0, 1, 2, 3, 4])
    """
    order_N = generator.permutation(len(code_N))
    order_N = order_N[np.argsort(code_N[order_N], kind="stable")]
    count_K = np.bincount(code_N)
    place_N = np.arange(len(code_N)) - np.repeat(np.cumsum(count_K) - count_K, count_K)
    return np.split(order_N, np.flatnonzero(place_N % together == 0)[1:])
