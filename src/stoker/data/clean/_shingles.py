"""The shingles of texts as sets of numbers, all texts of a batch at once.

A shingle is some neighbouring words.  In scripts that are written without blanks (Chinese, kana,
Thai, Lao, Khmer, Burmese) each sign with its marks is a word, so the content decides, place by
place, and not a language that somebody would have to name.  Case, width, punctuation, blanks and
invisible marks make no difference; numbers do.  A text of fewer words is one shingle, and a text
without any word has none.

Words are hashed where they stand in Arrow's buffer, eight bytes a step; only what is not ASCII is
decoded.  A shingle keeps 48 bits, so that one sort of (text, shingle) makes all sets.  In two texts
of 1,000 words two different shingles have one number once in 10**8 pairs.

Cost: 60 MB of English and 25 MB of Chinese a second on one core; 8 bytes a shingle.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HASH_BITS = 48
"""Bits of a shingle."""
MOST_TEXTS = 1 << (64 - HASH_BITS)
"""Texts of one batch; their number stands above the shingle."""

_BLANK, _LETTER, _SIGN, _MORE = range(4)
"""What a byte is: between words, of a word, the first of a sign, a further one of a sign."""
_BMP = 1 << 16
_SIGNS = (
    *((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800), (0x3005, 0x3008), (0x3041, 0x3100)),
    *((0x31F0, 0x3200), (0x3400, 0xA000), (0xF900, 0xFB00)),
)
_FAR_SYMBOLS, _FAR_SIGNS = (0x1F000, 0x20000), (0x20000, 0x40000)
_JAMO = (0x1100, 0x1200)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LONG_WORD = 64
"""Bytes from which a word is hashed by itself."""
_MASK = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_WORD_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHINGLE_FACTOR = np.uint64(0xD6E8FEB86659FD93)


class Shingles(NamedTuple):
    """The different shingles of some texts, rising within each."""

    hash_S: np.ndarray
    """Number of each, uint64 below 2**48."""
    start_N: np.ndarray
    """Where those of each text begin, and the end of the last; int64 of shape (N + 1,)."""

    @property
    def size_N(self) -> np.ndarray:
        """How many each text has."""
        return np.diff(self.start_N)

    def only(self, has_some: np.ndarray) -> Shingles:
        """Those of some texts, where all the others have none."""
        return Shingles(self.hash_S, np.append(self.start_N[:-1][has_some], len(self.hash_S)))


def shingles(texts: pa.Array, size: int) -> Shingles:
    """The shingles of at most 65,536 texts.

    Args:
        texts: Strings; null has no shingles.
        size: Words of a shingle.

    >>> found = shingles(pa.array(["Not good.", "not  GOOD", "不好", "", None]), 3)
    >>> found.size_N.tolist(), len(set(found.hash_S.tolist()))
    ([1, 1, 1, 0, 0], 2)
    """
    assert len(texts) <= MOST_TEXTS, "a batch was cut"
    data, bound_N = _bytes(_folded(pc.fill_null(texts, "")))
    begin_W, end_W = _words(_kinds(data), bound_N)
    word_W = _hash_words(data, begin_W, end_W)
    first_N = np.searchsorted(begin_W, bound_N)
    hash_G, text_G = _join(word_W, first_N, size)
    key_G = (text_G.astype(np.uint64) << np.uint64(HASH_BITS)) | hash_G
    key_G.sort()
    is_new = np.ones(len(key_G), bool)
    np.not_equal(key_G[1:], key_G[:-1], out=is_new[1:])
    key_S = key_G[is_new]
    bounds = np.arange(len(texts) + 1, dtype=np.uint64)
    start_N = np.searchsorted(key_S[: len(key_S)], bounds[:-1] << np.uint64(HASH_BITS))
    return Shingles(key_S & _MASK[HASH_BITS // 8], np.append(start_N, len(key_S)))


def joined(parts: Sequence[Shingles], place_N: np.ndarray) -> Shingles:
    """The shingles of some texts of several batches, in another order.

    Args:
        parts: Those of each batch.
        place_N: The new index of each text of all batches, -1 where it is left out.

    >>> one = Shingles(np.array([7, 1, 2], np.uint64), np.array([0, 1, 3]))
    >>> joined([one, one], np.array([-1, 0, 1, -1])).hash_S.tolist()
    [1, 2, 7]
    """
    size_N = np.concatenate([np.zeros(0, np.int64), *(part.size_N for part in parts)])
    chosen_N = place_N >= 0
    start_K = np.zeros(chosen_N.sum() + 1, np.int64)
    start_K[1 + place_N[chosen_N]] = size_N[chosen_N]
    start_K = np.cumsum(start_K)
    hash_S, text = np.empty(start_K[-1], np.uint64), 0
    for part in parts:
        place = place_N[text : text + len(part.size_N)]
        text += len(place)
        chosen = place >= 0
        size = part.size_N[chosen]
        begin = np.cumsum(size) - size
        run = np.arange(size.sum())
        at = np.repeat(start_K[place[chosen]] - begin, size) + run
        hash_S[at] = part.hash_S[np.repeat(part.start_N[:-1][chosen] - begin, size) + run]
    return Shingles(hash_S, start_K)


def _folded(texts: pa.Array) -> pa.Array:
    """Texts of one case and width, without invisible marks; int64 offsets."""
    wide = texts.cast(pa.large_string())
    data, bound_N = _bytes(wide)
    lead, _, point = _decoded(data)
    if not len(lead):
        return pc.ascii_lower(wide)
    odd = lead[_is_odd()[np.minimum(point, _BMP - 1)]]
    if len(odd):
        is_odd_N = np.zeros(len(wide), bool)
        is_odd_N[np.searchsorted(bound_N, odd, "right") - 1] = True
        mask = pa.array(is_odd_N)
        # Arrow 25 decomposes where NFKC is asked for.
        normal = (unicodedata.normalize("NFKC", text) for text in wide.filter(mask).to_pylist())
        visible = [_INVISIBLE.sub("", text) for text in normal]
        wide = pc.replace_with_mask(wide, mask, pa.array(visible, pa.large_string()))
    return pc.utf8_lower(wide)


def _bytes(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of all texts with at least 8 zeros behind, and where each begins and the last ends.

    The number of bytes is a multiple of 8, so that they can be read as words of 64 bits.
    """
    _, offsets, values = texts.buffers()
    bound_N = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    begin, end = int(bound_N[0]), int(bound_N[-1])
    data = np.zeros((end - begin) // 8 * 8 + 16, np.uint8)
    if end > begin:
        data[: end - begin] = np.frombuffer(values, np.uint8)[begin:end]
    return data, bound_N - begin


def _decoded(data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where code points beyond ASCII begin, how many bytes they take, and what they are."""
    lead = np.flatnonzero(data >= 0xC0)
    first = data[lead]
    width = 2 + (first >= 0xE0).astype(np.int64) + (first >= 0xF0)
    point = first.astype(np.int64) & (0x7F >> width)
    for place in range(1, 4):
        has = width > place
        point[has] = point[has] << 6 | (data[lead[has] + place] & 0x3F)
    return lead, width, point


def _kinds(data: np.ndarray) -> np.ndarray:
    """What each byte is, uint8."""
    is_letter = (data | 0x20) - np.uint8(ord("a")) < 26
    is_letter |= data - np.uint8(ord("0")) < 10
    kind = is_letter.view(np.uint8)
    lead, width, point = _decoded(data)
    if not len(lead):
        return kind
    found = _table()[np.minimum(point, _BMP - 1)]
    is_far = point >= _BMP
    found[is_far] = _LETTER
    found[is_far & _within(point, _FAR_SYMBOLS)] = _BLANK
    found[is_far & _within(point, _FAR_SIGNS)] = _SIGN
    kind[lead] = found
    later = np.where(found == _SIGN, _MORE, found)
    for place in range(1, 4):
        has = width > place
        kind[lead[has] + place] = later[has]
    return kind


def _within(point: np.ndarray, bounds: tuple[int, int]) -> np.ndarray:
    return (point >= bounds[0]) & (point < bounds[1])


@cache
def _table() -> np.ndarray:
    """Kind of each code point below 65,536."""
    categories = [unicodedata.category(chr(point)) for point in range(_BMP)]
    table = np.array([_LETTER if c[0] in "LNM" else _BLANK for c in categories], np.uint8)
    is_mark = np.array([c[0] == "M" for c in categories])
    for begin, end in _SIGNS:
        span = table[begin:end]
        span[span == _LETTER] = _SIGN
        span[is_mark[begin:end]] = _MORE
    return table


@cache
def _is_odd() -> np.ndarray:
    """Which code points below 65,536 a folded text may hold in another way, or not at all, bool."""
    return np.array([_changes(chr(point)) for point in range(_BMP)])


def _changes(sign: str) -> bool:
    if unicodedata.combining(sign) or _JAMO[0] <= ord(sign) < _JAMO[1]:
        return True
    if _INVISIBLE.match(sign):
        return True
    table, normal = _table(), unicodedata.normalize("NFKC", sign)
    return normal != sign and any(table[min(ord(one), _BMP - 1)] for one in (sign, *normal))


def _words(kind: np.ndarray, bound_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Begins and ends of all words, in bytes."""
    is_blank = kind == _BLANK
    is_cut = np.empty_like(is_blank)
    is_cut[0] = True
    np.not_equal(is_blank[1:], is_blank[:-1], out=is_cut[1:])
    if kind.max() >= _SIGN:
        is_cut |= kind == _SIGN
        is_cut[1:] |= (kind[1:] == _LETTER) & (kind[:-1] >= _SIGN)
    is_cut[bound_N] = True
    cut = np.flatnonzero(is_cut)
    is_word = ~is_blank[cut]
    end = np.append(cut[1:], len(kind))
    return cut[is_word], end[is_word]


def _hash_words(data: np.ndarray, begin_W: np.ndarray, end_W: np.ndarray) -> np.ndarray:
    """A number for each word, uint64."""
    chunks = data.view("<u8")
    size_W = end_W - begin_W
    word_W = mixed(_chunk(chunks, begin_W) & _MASK[np.minimum(size_W, 8)])
    for skipped in range(8, _LONG_WORD, 8):
        at = np.flatnonzero(size_W > skipped)
        if not len(at):
            return word_W
        chunk = _chunk(chunks, begin_W[at] + skipped) & _MASK[np.minimum(size_W[at] - skipped, 8)]
        word_W[at] = mixed(word_W[at] * _WORD_FACTOR ^ chunk)
    for at in np.flatnonzero(size_W > _LONG_WORD).tolist():
        digest = hashlib.blake2b(data[begin_W[at] : end_W[at]].tobytes(), digest_size=8)
        word_W[at] = int.from_bytes(digest.digest(), "little")
    return word_W


def _chunk(chunks: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The 8 bytes from any place on, from two words of 64 bits."""
    at, shift = place >> 3, ((place & 7) << 3).astype(np.uint64)
    low = chunks[at] >> shift
    return low | (chunks[at + 1] << np.uint64(1)) << (np.uint64(63) - shift)


def _join(word_W: np.ndarray, first_N: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of all shingles, and their texts.

    Args:
        word_W: Numbers of the words.
        first_N: The first word of each text, and the end of the last.
        size: Words of a shingle.
    """
    num_words_N = np.diff(first_N)
    hash_W = word_W.copy()
    for place in range(1, size):
        hash_W *= _SHINGLE_FACTOR
        hash_W[: len(word_W) - place] ^= word_W[place:]
    begins = np.ones(len(word_W), bool)
    for place in range(1, size):
        begins[(first_N[1:] - place)[num_words_N >= place]] = False
    few = np.flatnonzero((num_words_N > 0) & (num_words_N < size))
    at = first_N[few]
    begins[at] = True
    hash_W[at] = word_W[at]
    for place in range(1, size):
        has = num_words_N[few] > place
        hash_W[at[has]] = hash_W[at[has]] * _SHINGLE_FACTOR ^ word_W[at[has] + place]
    text_W = np.repeat(np.arange(len(num_words_N)), num_words_N)
    return mixed(hash_W[begins]) >> np.uint64(64 - HASH_BITS), text_W[begins]


def mixed(value: np.ndarray) -> np.ndarray:
    """Numbers with every bit dependent on all bits (the end of SplitMix64)."""
    value = value ^ (value >> np.uint64(30))
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value
