"""Choose the grams that tell texts apart best, without looking at any target.

The worth of a gram in a share p of the texts is the variance of its weighted presence,
p (1 - p) log(1/p)^2: what stands everywhere says nothing, and what stands once cannot be learned.
Of grams that stand in nearly the same texts (`refu`, `refund`, `fund`) the one that reads best is
kept.

Cost: about 1 s for 10,000 texts of 50 characters; memory is 20 bytes for each gram of each text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stoker.cells.grams import KINDS, Grams, Kind, grams

_FEWEST_TEXTS = 3
_SMALLEST_SHARE = 0.001
_LARGEST_SHARE = 0.9
_CANDIDATES = 6
"""Candidates for each gram that is wanted."""
_COMPARED_TEXTS = 5_000
_ALIKE = 0.8
"""Share of the texts with either of two grams that hold both, above which one of them goes."""


def choose_grams(texts: Sequence[str], num_grams: int) -> list[tuple[Kind, str, float]]:
    """Kind, text and weight of the best grams, the best first.

    Args:
        texts: As `plain_texts` gives them.
        num_grams: At most so many.

    >>> [(kind, text) for kind, text, _ in choose_grams(["good food", "bad food", "a"] * 5, 2)]
    [('word', 'good'), ('word', 'bad')]
    """
    found = grams(texts)
    if not num_grams or not len(found.hash_G):
        return []
    first_H, count_H, text_of_G = _texts_of_grams(found)
    share_H = count_H / len(texts)
    fewest = max(_FEWEST_TEXTS, _SMALLEST_SHARE * len(texts))
    worth_H = share_H * (1 - share_H) * np.log(share_H) ** 2
    worth_H[(count_H < fewest) | (share_H > _LARGEST_SHARE)] = 0
    kind_H = found.kind_G[first_H]
    size_H = (found.end_G - found.begin_G)[first_H]
    # Equal worth is decided by what reads best, then by the text's place: always the same way.
    order = np.lexsort((first_H, -size_H, kind_H, -worth_H.round(12)))
    order = order[worth_H[order] > 0][: _CANDIDATES * num_grams]
    kept = _unlike(order, text_of_G, len(texts), num_grams)
    return [
        (KINDS[kind_H[h]], found.text(int(first_H[h])), float(-np.log(share_H[h]))) for h in kept
    ]


def _texts_of_grams(found: Grams) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """First place of each different gram, texts that hold it, and all pairs of gram and text."""
    _, first_H, gram_G = np.unique(found.hash_G, return_index=True, return_inverse=True)
    pair = np.unique(gram_G * (found.row_G.max() + 1) + found.row_G)
    gram, row = pair // (found.row_G.max() + 1), pair % (found.row_G.max() + 1)
    return first_H, np.bincount(gram, minlength=len(first_H)), (gram, row)


def _unlike(
    order: np.ndarray, pairs: tuple[np.ndarray, np.ndarray], num_texts: int, num_grams: int
) -> list[int]:
    """Candidates in order without those that stand in nearly the same texts as one before."""
    gram, row = pairs
    step = -(-num_texts // _COMPARED_TEXTS)
    place = np.full(int(gram.max()) + 1, -1)
    place[order] = np.arange(len(order))
    wanted = (place[gram] >= 0) & (row % step == 0)
    holds = np.zeros((len(order), -(-num_texts // step)), np.float32)
    holds[place[gram[wanted]], row[wanted] // step] = 1
    both = holds @ holds.T
    size = both.diagonal()
    either = size[:, None] + size[None] - both
    alike = both > _ALIKE * np.maximum(either, 1)
    kept: list[int] = []
    for candidate in range(len(order)):
        if len(kept) == num_grams:
            break
        if not alike[candidate, kept].any():
            kept.append(candidate)
    return [int(order[candidate]) for candidate in kept]
