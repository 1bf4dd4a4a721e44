"""Runs of one, two, three ... tokens (n-grams), each as a number, and how much each one tells.

A text is a bag of its runs: each has a weight of 1 + log(times that it stands there), times its
inverse document frequency (tf-idf), and the weights of a text have length 1, so that long texts and
short ones are alike.  Of all runs the most frequent are kept.  The number of a run is made of its
tokens by multiplication in a prime field, so that the graph can make it too; among a million runs
the chance that any two share a number is about one half, of a given two one in 10^12.

Cost: a sort of all runs, some 0.3 s for a million tokens and runs of up to three.

Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval",
https://doi.org/10.1016/0306-4573(88)90021-0; Karp and Rabin 1987, "Efficient randomized
pattern-matching algorithms", https://doi.org/10.1147/rd.312.0249
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stoker.cells.ragged import Ragged

FACTOR, PRIME, APART = 1_000_003, (1 << 40) - 87, 1 << 41
"""Number of a run: of the run without its last token times FACTOR, plus that token plus 1, modulo
PRIME; runs of n tokens begin at n - 1 times APART."""
_FEWEST_TEXTS = 2
"""Texts that must hold a run."""
_BLOCK_TOKENS = 2_000_000
_MOST_COUNTED = 8_000_000
"""Runs that are counted at once; of more, those seen in a single text so far are forgotten."""


@dataclass(frozen=True)
class TokenGrams:
    """The runs that are kept."""

    longest: int
    """Tokens of the longest ones."""
    key_D: np.ndarray
    """Their numbers, rising, int64."""
    idf_D: np.ndarray
    """Inverse document frequency of each, float32."""

    def matrix(self, rows: Ragged) -> Any:
        """Weights of texts, sparse float32 (N, D), each row of length 1; without any run all 0."""
        from scipy.sparse import csr_matrix, vstack

        blocks = [csr_matrix((0, len(self.key_D)), dtype=np.float32)]
        blocks += [self._block(rows.gather(index_M)) for index_M in _blocks(rows)]
        return vstack(blocks, format="csr")

    def _block(self, rows: Ragged) -> Any:
        from scipy.sparse import csr_matrix

        key_G, row_G = runs(rows, self.longest)
        row_G, place_G, count_G = _counted(self.key_D, key_G, row_G)
        weight_G = (1 + np.log(count_G.astype(np.float32))) * self.idf_D[place_G]
        square_N = np.bincount(row_G, np.square(weight_G), minlength=len(rows))
        weight_G = (weight_G / np.sqrt(square_N[row_G])).astype(np.float32)
        ends = np.concatenate(
            [np.zeros(1, np.int64), np.bincount(row_G, minlength=len(rows)).cumsum()]
        )
        return csr_matrix((weight_G, place_G, ends), shape=(len(rows), len(self.key_D)))


def choose_token_grams(rows: Ragged, longest: int, most: int) -> TokenGrams:
    """The runs that stand in most texts, and in two at least.

    Args:
        rows: Tokens of training texts.
        longest: Tokens of the longest runs.
        most: How many runs are kept.
    """
    key_D, texts_D = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for index_M in _blocks(rows):
        key_G, row_G = runs(rows.gather(index_M), longest)
        here_H = np.unique(key_G)
        _, place_G, _ = _counted(here_H, key_G, row_G)
        key_D, place = np.unique(np.concatenate([key_D, here_H]), return_inverse=True)
        texts = np.concatenate([texts_D, np.bincount(place_G, minlength=len(here_H))])
        texts_D = np.bincount(place, texts, minlength=len(key_D)).astype(np.int64)
        if len(key_D) > _MOST_COUNTED:
            key_D, texts_D = key_D[texts_D > 1], texts_D[texts_D > 1]
    kept_D = np.flatnonzero(texts_D >= min(_FEWEST_TEXTS, len(rows)))
    kept_D = np.sort(kept_D[np.argsort(-texts_D[kept_D], kind="stable")[:most]])
    idf_D = np.log((1 + len(rows)) / (1 + texts_D[kept_D])) + 1
    return TokenGrams(longest, key_D[kept_D], idf_D.astype(np.float32))


def runs(rows: Ragged, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of every run of every text, and the text that it stands in.

    >>> runs(Ragged(np.array([7, 7, 9]), np.array([0, 2, 3])), 1)
    (array([7, 7, 9]), array([0, 0, 1]))
    """
    number_V = rows.values.astype(np.int64)
    row_V = np.repeat(np.arange(len(rows)), rows.lengths)
    keys, places, run_V = [number_V], [row_V], number_V
    for size in range(1, longest):
        run_V = (run_V[:-1] * FACTOR + number_V[size:] + 1) % PRIME
        is_whole = row_V[: len(run_V)] == row_V[size:]
        keys.append(run_V[is_whole] + size * APART)
        places.append(row_V[size:][is_whole])
    return np.concatenate(keys), np.concatenate(places)


def _counted(
    key_D: np.ndarray, key_G: np.ndarray, row_G: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, place and count of every kept run of each row, by row and place."""
    if not len(key_D):
        return (np.zeros(0, np.int64),) * 3
    place_G = np.searchsorted(key_D, key_G).clip(max=len(key_D) - 1)
    is_kept_G = key_D[place_G] == key_G
    pair_G = np.sort(row_G[is_kept_G] * len(key_D) + place_G[is_kept_G])
    first_P = np.flatnonzero(np.diff(pair_G, prepend=-1))
    pair_P = pair_G[first_P]
    count_P = np.diff(first_P, append=len(pair_G))
    return pair_P // len(key_D), pair_P % len(key_D), count_P


def _blocks(rows: Ragged) -> list[np.ndarray]:
    """Rows that are looked at together."""
    block_N = rows.offsets[:-1] // _BLOCK_TOKENS
    cuts = np.flatnonzero(np.diff(block_N)) + 1
    return [part for part in np.split(np.arange(len(rows)), cuts) if len(part)]
