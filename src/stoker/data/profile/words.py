"""How the texts of a column are spelled: lengths, words, codes, and what they may be read as.

Works on different values.  A text without a digit cannot be a number, a day or a code, so that the
usual category costs a few microseconds; a column of plain numbers is found by one cast.

Cost: 20 µs a column of few values; some 3 µs for each different value of free text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.booleans import BooleanCells
from stoker.cells.categories import alike
from stoker.cells.compass import sides
from stoker.cells.number_beside import beside_numbers
from stoker.cells.number_forms import signs_between
from stoker.cells.number_mixtures import unknown_units
from stoker.cells.number_text import narrow
from stoker.cells.number_two_ways import two_clocks, two_ways
from stoker.cells.raw import MISSING_NUMBERS, SHEET_ERRORS, spelled_missing
from stoker.cells.versions import version_of
from stoker.data.profile.column import TextFacts
from stoker.data.profile.moments import read_moments
from stoker.data.profile.pairs import cells_of_several
from stoker.data.profile.spelling import PLAIN, commonest, read_groups, read_numbers
from stoker.data.profile.tally import Tally, mask

_CODE = (
    r"^(?:[A-Za-z]+[-_/.#]?\d[\w\-/.#]*|\d+[-_/.#]?[A-Za-z][\w\-/.#]*|[0-9a-fA-F]{8,}"
    r"|[\w.+\-]+@[\w\-]+\.[\w.\-]+|\d+(?:[-_/#]\d+)+)$"
)
_LIKE_AMOUNTS = (
    r"^(?:[<>\x{2264}\x{2265}]=?\s+)?[^A-Za-z\s]* ?\d|^[A-Za-z]{1,3}[.$]? ?\d"
    r"|^(?i:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\W.*\d"
)
"""What money, amounts and days begin with."""
_FIRST_DAY, _LAST_DAY = 19_000_101, 21_001_231
"""Days without signs between them, such as 20240131."""
_MOST_ALIKE = 5
_MOST_VERSIONS = 200
_MOST_BOOLEANS = 24
"""More different texts are no ways to write yes and no."""
_SEEN_FOR_ALIKE = 5_000
_SEEN_FOR_WORDS = 200
_MOST_PLAIN = 0.5
_LEAST_REPEATED = 4
_FEW_VALUES = 20
"""Pairs of numbers of so few values are sizes with a name, such as 10x15."""
_LEAST_WITH_WORDS = 0.94
"""Share of texts with digits that are numbers, where the others are told and none is rejected."""


@dataclass(frozen=True)
class TextReading:
    """The different texts of a column, and which of them are plain numbers."""

    count_V: np.ndarray
    """Cells of each."""
    written_V: pa.Array
    """As they stand in the cells."""
    value_V: pa.Array
    """Without blanks around them."""
    number_V: np.ndarray
    """float64; NaN where a text is no plain number."""
    length_V: np.ndarray
    """Characters."""
    is_padded_V: np.ndarray
    """Whether it has blanks around it, bool."""
    has_zero_V: np.ndarray
    """Whether it is a number with a zero in front, such as `007`, bool."""

    @property
    def is_number(self) -> np.ndarray:
        """Which values are plain numbers, bool."""
        return ~np.isnan(self.number_V)

    def cells(self, chosen_V: np.ndarray) -> int:
        """Cells of the chosen values."""
        return int(self.count_V[chosen_V].sum())


def read_texts(tallies: Sequence[Tally]) -> list[TextReading]:
    """Read the different texts of several columns.

    All go through as one array: a call of Arrow costs more than the texts of a small column.

    Args:
        tallies: Counted columns of text.
    """
    if not tallies:
        return []
    arrays = [found.value_V for found in tallies]
    written_W = arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
    value_W = pc.utf8_trim_whitespace(written_W)
    number_W = _plain_numbers(value_W)
    length_W = pc.utf8_length(value_W).to_numpy()
    is_padded_W = mask(pc.not_equal(value_W, written_W))
    has_zero_W = mask(pc.match_substring_regex(value_W, r"^[+-]?0\d")) & ~np.isnan(number_W)
    readings, start = [], 0
    for found in tallies:
        size = len(found.value_V)
        part = slice(start, start + size)
        value_V = value_W.slice(start, size)
        facts = (number_W[part], length_W[part], is_padded_W[part], has_zero_W[part])
        readings.append(TextReading(found.count_V, found.value_V, value_V, *facts))
        start += size
    return readings


def _plain_numbers(value_V: pa.Array) -> np.ndarray:
    """Texts as float64, NaN for all that is no number in digits; too large ones are infinite."""
    try:
        number_V = pc.cast(value_V, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        number_V = None
    if number_V is not None and np.isfinite(number_V).all():
        return number_V
    is_plain = pc.match_substring_regex(value_V, PLAIN)
    if not pc.any(is_plain).as_py():
        return np.full(len(value_V), np.nan)
    digits = pc.if_else(is_plain, value_V, pa.scalar(None, value_V.type))
    # Arrow takes no plus sign, and what is no number otherwise.
    digits = pc.utf8_ltrim(digits, "+")
    return pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)


def text_facts(read: TextReading, decimal: str = "") -> TextFacts | None:
    """What the texts of a column tell; None if there is none.

    Args:
        read: Its texts.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
    """
    if not len(read.value_V):
        return None
    is_plain = read.is_number
    lengths = _lengths(read)
    are_plain = is_plain.all()
    found = _of_plain(read, lengths, decimal) if are_plain else _of_others(read, is_plain, decimal)
    return TextFacts(
        **lengths,
        plain_numbers=read.cells(is_plain),
        leading_zeros=read.cells(read.has_zero_V),
        blanks_around=read.cells(read.is_padded_V),
        **found,
    )


def _of_plain(read: TextReading, lengths: dict[str, Any], decimal: str) -> dict[str, Any]:
    """Facts of a column of plain numbers only."""
    found = _compact_days(read, lengths)
    if len(read.value_V) <= _MOST_VERSIONS:
        found["version"] = version_of(read.value_V.to_pylist())
    groups = read_groups(read.value_V, read.count_V, decimal)
    if groups is not None:
        found["number"] = groups
    return found


def _compact_days(read: TextReading, lengths: dict[str, Any]) -> dict[str, Any]:
    """Whether eight digits each are days, such as 20240131."""
    low, high = read.number_V.min(), read.number_V.max()
    if lengths["shortest"] != 8 or lengths["longest"] != 8:
        return {}
    if low < _FIRST_DAY or high > _LAST_DAY:
        return {}
    time = read_moments(read.value_V, read.count_V)
    return {"time": time} if time is not None and time.cells == read.count_V.sum() else {}


def _of_others(read: TextReading, is_plain: np.ndarray, decimal: str) -> dict[str, Any]:
    """Facts of a column with texts that are no plain number."""
    is_mark = mask(spelled_missing(read.value_V, ("", *MISSING_NUMBERS)))
    other = np.flatnonzero(~is_plain & ~is_mark)
    found: dict[str, Any] = {"marks": read.cells(is_mark), "num_others": len(other)}
    if found["marks"]:
        found["mark_words"] = commonest(read.value_V, read.count_V, np.flatnonzero(is_mark))
        is_error = mask(spelled_missing(read.value_V, SHEET_ERRORS))
        found["errors"] = commonest(read.value_V, read.count_V, np.flatnonzero(is_error))
    found["mean_words"] = _mean_words(read)
    if len(read.value_V) <= _SEEN_FOR_ALIKE and _some_are_alike(read.written_V):
        found["alike"] = tuple(alike(read.written_V.to_pylist())[:_MOST_ALIKE])
    if not len(other):
        return found
    if len(read.value_V) <= _MOST_BOOLEANS:
        found["booleans"] = read.cells(~np.isnan(BooleanCells().read(read.value_V).value_N))
    value_V, count_V = read.value_V.take(pa.array(other)), read.count_V[other]
    if len(other) > _FEW_VALUES:
        found["pairs"] = cells_of_several(value_V, count_V)
    if _LEAST_REPEATED * len(other) > count_V.sum():  # Where values repeat, they are categories.
        found["codes"] = int(count_V[mask(pc.match_substring_regex(value_V, _CODE))].sum())
        found |= _repetition(value_V)
    plain = read.cells(is_plain)
    if plain > _MOST_PLAIN * read.count_V.sum():
        found["others"] = commonest(value_V, count_V, np.arange(len(value_V)))
    amounts = int(count_V[mask(pc.match_substring_regex(narrow(value_V), _LIKE_AMOUNTS))].sum())
    if plain + amounts > _MOST_PLAIN * read.cells(~is_mark):
        found["time"] = read_moments(value_V, count_V)
        kept_V = np.flatnonzero(~is_mark)
        given_V = read.value_V.take(pa.array(kept_V))
        found |= _as_amounts(given_V, read.count_V[kept_V], (value_V, count_V), decimal)
        if found.pop("are_durations", False):
            found["time"] = None
    return found


def _as_amounts(
    value_V: pa.Array, count_V: np.ndarray, others: tuple[pa.Array, np.ndarray], decimal: str
) -> dict[str, Any]:
    """How texts write numbers, or why nothing reads them together.

    Args:
        value_V: Different texts, none that means "no value".
        count_V: Cells of each.
        others: Those of them that are no plain number, with their cells.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
    """
    number = read_numbers(value_V, count_V, decimal)
    if number is not None:
        return {"number": number, "are_durations": "clock" in number.options}
    durations = two_clocks(narrow(value_V).to_pylist(), count_V)
    if durations:
        return {"two_ways": durations, "are_durations": True}
    units = unknown_units(narrow(others[0]).to_pylist(), others[1])
    texts = narrow(value_V).to_pylist()
    found = {"units": units, "unit_signs": signs_between(texts)} if units else {}
    if units and not sides(units):
        return found
    several = two_ways(texts, count_V) or beside_numbers(texts, count_V)
    if several or units:
        return {"two_ways": several} if several else found
    return {"number": read_numbers(value_V, count_V, decimal, least_share=_LEAST_WITH_WORDS)}


def _lengths(read: TextReading) -> dict[str, Any]:
    return {
        "shortest": int(read.length_V.min()),
        "longest": int(read.length_V.max()),
        "mean_length": float(read.length_V @ read.count_V / read.count_V.sum()),
    }


def _mean_words(read: TextReading) -> float:
    blank_V = pc.count_substring(read.value_V, " ").to_numpy()
    return 1 + float((blank_V * read.count_V).sum() / read.count_V.sum())


def _some_are_alike(value_V: pa.Array) -> bool:
    """Whether values become fewer without blanks, width and case."""
    folded = pc.utf8_lower(pc.utf8_normalize(value_V, "NFKC"))
    folded = pc.replace_substring(folded, " ", "")
    if not pc.all(pc.string_is_ascii(folded)).as_py():
        folded = pc.replace_substring_regex(folded, r"[\p{Z}\p{Cf}]", "")
    return len(folded.unique()) < len(value_V)


def _repetition(value_V: pa.Array) -> dict[str, Any]:
    """Share of words that stand in more than one of the texts; of characters without blanks."""
    texts = value_V[:: max(1, len(value_V) // _SEEN_FOR_WORDS)].to_pylist()
    is_spaced = sum(" " in text for text in texts) > len(texts) / 4
    words = [set(text.casefold().split() if is_spaced else text) for text in texts]
    count = Counter(chain.from_iterable(words))
    repeated = sum(n for n in count.values() if n > 1)
    foreign = [text for text in texts if not text.isascii()]
    num_han = sum(any("\u4e00" <= c <= "\u9fff" for c in text) for text in foreign)
    return {
        "repeated_words": repeated / max(1, sum(count.values())),
        "has_han": 2 * num_han > len(texts),
    }
