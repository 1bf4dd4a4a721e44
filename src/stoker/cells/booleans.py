"""Read cells as true or false, strictly: any other word is named, never guessed.

Bools, the numbers 1 and 0, and the usual words of several languages in any case are read.  A column
that says it in words of its own (`active`, `closed`) lists them.

The words for yes and no are those of Unicode's CLDR, the words for true and false those of Excel in
the same languages.  Letters are taken of English and German only: `s` and `n` are south and north
more often than sí and no.

Cost: one look at each distinct value.

Source: CLDR 46, posix/messages (yesstr, nostr), https://cldr.unicode.org
"""

from __future__ import annotations

import json
import unicodedata
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from stoker.cells import BadCell
from stoker.cells.categories import encode_categories
from stoker.cells.missing_words import MissingNumbers
from stoker.cells.raw import MISSING_NUMBERS, cell_text, one_array
from stoker.cells.spelling import canonical
from stoker.core.value import Value

_TRUE, _FALSE, _MISSING = 1, 2, 3
_TRUE_WORDS = (
    *("true", "t", "yes", "y", "1", "on", "是", "真"),
    *("ja", "j", "wahr", "waar", "oui", "vrai", "sí", "si", "verdadero", "sì", "vero"),
    *("sim", "verdadeiro", "tak", "prawda", "はい"),
)
_FALSE_WORDS = (
    *("false", "f", "no", "n", "0", "off", "否", "假"),
    *("nein", "falsch", "nee", "onwaar", "nej", "nei", "non", "faux", "falso"),
    *("não", "nao", "nie", "fałsz", "いいえ"),
)


class ReadBooleans(NamedTuple):
    """Cells as true or false."""

    value_N: np.ndarray
    """float32: 1 for true, 0 for false, NaN where a cell is missing or bad."""
    bad: tuple[BadCell, ...]
    """Cells that are none of these."""


class BooleanCells(Value):
    """How true and false are written."""

    true: tuple[str, ...] = _TRUE_WORDS
    """Words that mean true, whatever their case and the blanks around them; `true` and 1 of a typed
    column are written so too."""

    false: tuple[str, ...] = _FALSE_WORDS
    """Words that mean false."""

    missing: MissingNumbers = MISSING_NUMBERS
    """Words that mean "no value", besides an empty cell: a list, or `{also: ["k.A."]}` for these
    and the usual ones."""

    def read(self, column: pa.ChunkedArray | pa.Array) -> ReadBooleans:
        """The cells as float32, missing ones as NaN, and those that are neither true nor false.

        >>> BooleanCells().read(pa.array(["Yes", "FALSE", "1.0", "NA", None])).value_N
        array([ 1.,  0.,  1., nan, nan], dtype=float32)
        >>> BooleanCells().read(pa.array(["k.A."])).bad[0].reason.partition("; ")[2][:76]
        'if it means that nothing is known, say boolean: {missing: {also: ["k.A."]}};'
        """
        codes = self._codes
        found = encode_categories(column, lambda name: codes.get(_folded(name), 0))
        value_N = _VALUES[found.code_N]
        if found.unseen_N is None:
            return ReadBooleans(value_N, found.bad)
        cells = one_array(column)
        at = np.flatnonzero(found.unseen_N).tolist()
        texts = [cell_text(cells, i) for i in at]
        bad = (BadCell(i, text, _why_bad(text)) for i, text in zip(at, texts, strict=True))
        return ReadBooleans(value_N, tuple(bad))

    def truth(self, word: str) -> bool | None:
        """What a word means; None: neither true nor false.

        >>> BooleanCells().truth("Ja"), BooleanCells().truth("0.0"), BooleanCells().truth("k.A.")
        (True, False, None)
        """
        return {_TRUE: True, _FALSE: False}.get(self._codes.get(_folded(word), 0))

    @cached_property
    def _codes(self) -> dict[str, int]:
        words = ((self.missing, _MISSING), (self.false, _FALSE), (self.true, _TRUE))
        return {_folded(word): code for those, code in words for word in those}


_VALUES = np.array([np.nan, 1, 0, np.nan], np.float32)
"""Value of each code; code 0 is a missing or bad cell."""


def _why_bad(text: str) -> str:
    """Why a text is neither, and what would help."""
    word = json.dumps(text, ensure_ascii=False)
    return (
        "is neither true nor false; if it means that nothing is known, say boolean: "
        f"{{missing: {{also: [{word}]}}}}; if it means one, boolean: {{true: [...]}} or "
        "{false: [...]}"
    )


def _folded(word: str) -> str:
    """A word as it is compared.

    >>> _folded(" TRUE"), _folded("1.0")
    ('true', '1')
    """
    return canonical(unicodedata.normalize("NFC", word.strip())).casefold()
