"""Which texts may be nearly the same: bands of MinHash sketches that are equal.

A sketch has 64 numbers; two texts have the same one at a place with a chance that is the Jaccard
similarity of their shingles.  Bands of several places that are equal make a pair a candidate, and
as many places make a band as leave a pair at the asked similarity a chance of 99 %; above it the
chance rises steeply (0.99998 at 0.9 where 0.8 is asked).  What is a candidate wrongly costs time
and no row, for candidates are compared shingle by shingle.

The sketch comes from the shingles that are there anyway, sorted: the first of each 64th part of
their range ("one permutation hashing").  Parts without a shingle borrow from another part, each in
an order of its own, so that short texts lose nothing.  Texts so short that one shingle more or less
is too much can only be equal, and their whole set is their one band.

Cost: 20 ns a shingle and some 2 µs a text; 128 permutations of each shingle cost ten times that.

Source: Broder 1997, "On the resemblance and containment of documents",
https://doi.org/10.1109/SEQUEN.1997.666900; Li, Owen and Zhang 2012, "One permutation hashing",
https://arxiv.org/abs/1208.1259; Shrivastava 2017, "Optimal densification for fast and accurate
minwise hashing", https://arxiv.org/abs/1703.04664
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from stoker.data.clean._shingles import HASH_BITS, Shingles, mixed

NUM_PLACES = 64
"""Numbers of a sketch."""

_PLACE_BITS = 6
_EMPTY = np.uint64(1 << HASH_BITS)
"""No shingle: one more than the greatest."""
_FOUND = 0.99
"""Chance that a pair at the asked similarity is a candidate."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Bands(NamedTuple):
    """How the places of a sketch are cut."""

    count: int
    """Number of bands."""
    width: int
    """Places of each."""


def bands_for(similarity: float) -> Bands:
    """The widest bands that find 99 of 100 pairs at a similarity.

    >>> bands_for(0.8), bands_for(1.0)
    (Bands(count=12, width=5), Bands(count=1, width=64))
    """
    cuts = (Bands(NUM_PLACES // width, width) for width in range(NUM_PLACES, 0, -1))
    return next(cut for cut in cuts if chance(cut, similarity) >= _FOUND or cut.width == 1)


def chance(bands: Bands, similarity: float) -> float:
    """How likely a pair of a similarity is a candidate.

    >>> round(chance(bands_for(0.8), 0.9), 5), round(chance(bands_for(0.8), 0.3), 2)
    (0.99998, 0.03)
    """
    return 1 - (1 - similarity**bands.width) ** bands.count


def band_keys(found: Shingles, similarity: float) -> np.ndarray:
    """A number for each band of each text, uint64 of shape (N, bands).

    Args:
        found: Shingles of texts that have some.
        similarity: What is asked for.
    """
    bands = bands_for(similarity)
    key_NB = np.empty((len(found.size_N), bands.count), np.uint64)
    # Fewer shingles than this, and a set with one more or less is not similar enough.
    is_short = found.size_N / (found.size_N + 1) < similarity
    key_NB[is_short] = _whole_sets(found)[is_short, None]
    sketch = _sketch(found)[~is_short, : bands.count * bands.width]
    parts = sketch.reshape(len(sketch), bands.count, bands.width)
    key = np.full(parts.shape[:2], _FACTOR)
    for place in range(bands.width):
        key = mixed(key * _FACTOR ^ parts[:, :, place])
    key_NB[~is_short] = key
    return key_NB


def buckets(key_NB: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texts that share a band, and the numbers of the bands that they share.

    Returns:
        Indices of the texts that are a candidate with another one, rising, shape (K,); and for each
        of their bands the number of those who share it, -1 where nobody does, shape (K, bands).
    """
    bucket_NB = np.full(key_NB.shape, -1, np.int64)
    start = 0
    for band, key_N in enumerate(key_NB.T):
        _, number_N, count = np.unique(key_N, return_inverse=True, return_counts=True)
        shared = count[number_N] > 1
        bucket_NB[shared, band] = number_N[shared] + start
        start += len(count)
    text_K = np.flatnonzero((bucket_NB >= 0).any(axis=1))
    return text_K, bucket_NB[text_K]


def _whole_sets(found: Shingles) -> np.ndarray:
    """A number for the set of shingles of each text."""
    sums = np.add.reduceat(mixed(found.hash_S + _FACTOR), found.start_N[:-1])
    return mixed(sums)


def _sketch(found: Shingles) -> np.ndarray:
    """The sketch of each text, uint64 of shape (N, 64)."""
    size = len(found.size_N)
    text_S = np.repeat(np.arange(size), found.size_N)
    part_S = (found.hash_S >> np.uint64(HASH_BITS - _PLACE_BITS)).astype(np.int64)
    place_S = text_S * NUM_PLACES + part_S
    is_first = np.ones(len(place_S), bool)
    np.not_equal(place_S[1:], place_S[:-1], out=is_first[1:])
    sketch = np.full((size, NUM_PLACES), _EMPTY)
    sketch.ravel()[place_S[is_first]] = found.hash_S[is_first]
    return _without_gaps(sketch)


def _without_gaps(sketch: np.ndarray) -> np.ndarray:
    """Every empty place takes the number of the first place in its own order that has one."""
    full = sketch.copy()
    text, place = np.nonzero(sketch == _EMPTY)
    for attempt in range(NUM_PLACES - 1):
        if not len(text):
            break
        taken = sketch[text, _lenders()[place, attempt]]
        full[text, place] = taken
        still = taken == _EMPTY
        text, place = text[still], place[still]
    return full


@cache
def _lenders() -> np.ndarray:
    """The other places, in a random order for each place; shape (64, 63)."""
    draw = np.random.default_rng(20_170_301)
    places = np.arange(NUM_PLACES)
    return np.stack([draw.permutation(places[places != own]) for own in places])
