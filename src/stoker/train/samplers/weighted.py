"""Rows of rare classes oftener, drawn with replacement; as many rows an epoch as there are.

Where batches hold hardly a row of the rare class, weights in the loss (`train.class_weights`) give
gradients that jump; drawing such rows oftener gives the same loss in the mean with calmer steps, at
the price of rows that are left out of an epoch.  The bundle takes back what it does to
probabilities, as it does for class weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.core.errors import RecipeError
from stoker.train.samplers import Draw, Epoch, Sampler, batch_edges, generator_of

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


class Weighted(Sampler):
    """Rows of rare classes oftener: each with chances that fall with the rows of its class."""

    balance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1: every class is drawn as often; 0: as often as it occurs; between, in proportion to its
    rows to the power of one minus this."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Draws with replacement.

        Raises:
            RecipeError: If the target is a number.
        """
        code_N = np.asarray(rows.target)
        if code_N.dtype.kind != "i":
            raise RecipeError(
                "the sampler weighted goes by one class a row, and this target has none",
                fix="leave train.sampler out",
            )
        code_N = np.unique(code_N, return_inverse=True)[1]
        count_K = np.bincount(code_N)
        chance_N = np.maximum(count_K, 1.0)[code_N] ** -self.balance
        chance_N /= chance_N.sum()
        edge_N = np.cumsum(chance_N)
        edges = batch_edges(len(code_N), batch_size)

        def draw(epoch: int) -> Epoch:
            at_N = generator_of(seed, "weighted", epoch).random(len(code_N))
            found_N = np.searchsorted(edge_N, at_N, side="right")
            return Epoch(np.minimum(found_N, len(code_N) - 1), edges)

        return draw

    def drawn_K(self, counts: np.ndarray) -> np.ndarray:
        """The chance of a class through its share, float32; 1 in the mean over rows.

        >>> Weighted().drawn_K(np.array([10, 40])).tolist()
        [2.5, 0.625]
        """
        weight_K = np.maximum(counts, 1.0) ** -self.balance
        return (weight_K * counts.sum() / (weight_K * counts).sum()).astype(np.float32)
