"""As many rows in a batch as fit into a number of tokens, end to end and with nothing padded.

Rows are packed once, by best fit from the longest to the shortest, so nearly all of each batch is
tokens; what stands together stays together, and its order is drawn anew for each epoch.  A row that
is longer than a batch has one of its own.

Cost: about a microsecond a row, once.

Source: Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination",
https://arxiv.org/abs/2107.02027
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.train.samplers import Draw, Epoch, Sampler, generator_of, joined, row_lengths

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


class Packed(Sampler):
    """As many rows in a batch as fit into a number of tokens, end to end and nothing padded."""

    tokens: Annotated[int, Field(ge=1)] = 8192
    """Most values of a batch, over all columns of rows of any length."""

    def start(self, rows: PreparedSet, batch_size: int, seed: int) -> Draw:
        """Packs, in an order drawn for each epoch.

        Raises:
            RecipeError: If all rows are equally long.
        """
        length_N = row_lengths(self, rows)
        shuffled = generator_of(seed, "packed").permutation(len(length_N))
        packs = packs_of(length_N, shuffled, self.tokens, batch_size)

        def draw(epoch: int) -> Epoch:
            return joined(packs, generator_of(seed, "packs", epoch).permutation(len(packs)))

        return draw


def packs_of(
    length_N: np.ndarray, order_N: np.ndarray, tokens: int, most_rows: int
) -> list[np.ndarray]:
    """Rows that go together.

    Args:
        length_N: Tokens of each row.
        order_N: Rows in the order in which those of equal length are taken.
        tokens: Most tokens of a pack that has several rows.
        most_rows: Most rows of a pack.

    >>> [pack.tolist() for pack in packs_of(np.array([5, 3, 9, 2, 4]), np.arange(5), 8, 9)]
    [[2], [0, 1], [4, 3]]
    """
    order_N = order_N[np.argsort(-length_N[order_N], kind="stable")]
    packs: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens left, pack), rising
    for row in order_N.tolist():
        length = int(length_N[row])
        place = bisect_left(room, (length, -1))
        if place == len(room):
            packs.append([row])
            left, pack = tokens - length, len(packs) - 1
        else:
            left, pack = room.pop(place)
            packs[pack].append(row)
            left -= length
        if left >= 0 and len(packs[pack]) < most_rows:
            insort(room, (left, pack))
    return [np.array(pack, np.int64) for pack in packs]
