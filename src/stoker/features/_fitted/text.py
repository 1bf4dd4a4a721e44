"""A text feature that has seen the training part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.grams import Kind, gram_hashes, grams, plain_texts
from stoker.cells.raw import MISSING_TEXTS, cell_text, is_text, one_array, spelled_missing
from stoker.core.value import Value
from stoker.features import NumericFeature, Scale, Transformed

_BLOCK_TEXTS = 4_096
"""Texts of which grams are made at once, so that memory does not grow with the rows."""
_PLAIN = ("length", "words")


class TextCells(Value):
    """Which texts mean that there is none."""

    missing: tuple[str, ...] = MISSING_TEXTS
    """Texts that mean "no value", besides an empty cell, whatever their case and blanks around."""

    def given(self, cells: pa.Array) -> pa.Array:
        """Texts, null where missing."""
        if pa.types.is_null(cells.type):
            return pa.nulls(len(cells), pa.string())
        missing = spelled_missing(cells, ("", *self.missing))
        return pc.if_else(missing, pa.scalar(None, cells.type), cells)


class Gram(Value):
    """A word or a run of letters that is counted."""

    kind: Kind
    """What it is."""
    text: str
    """How it is written, in lower case."""
    weight: Annotated[float, Field(gt=0)]
    """Logarithm of the rows of training for each one that holds it."""


@dataclass(frozen=True, eq=False)
class _Lookup:
    """Where the grams stand."""

    hash_P: np.ndarray
    """Their numbers, rising."""
    place_P: np.ndarray
    """The place of each of these."""
    weight_P: np.ndarray
    """Weights by place."""


class FittedText(TextCells, NumericFeature):
    """Turns cells into length, number of words, and weighted counts of grams."""

    grams: tuple[Gram, ...]
    """What is counted."""
    had_missing: bool
    """Whether a training cell was missing; then a part tells missing cells."""
    means: tuple[float, float]
    """Mean of length and words over the training cells, as logarithms."""
    stds: tuple[float, float]
    """Their deviation."""
    spread: Annotated[float, Field(gt=0)]
    """Deviation of the weighted counts, all taken together, so that rare ones do not weigh more."""

    @property
    def num_plain(self) -> int:
        """Parts before the grams."""
        return len(_PLAIN) + self.had_missing

    @property
    def shape(self) -> tuple[int, ...]:
        """Length, words, whether missing, and one number for each gram."""
        return (self.num_plain + len(self.grams),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def part_names(self) -> tuple[str, ...]:
        """`length`, `words`, `missing`, then the grams, such as `word refund`."""
        plain = (*_PLAIN, *(("missing",) if self.had_missing else ()))
        return (*plain, *(f"{gram.kind} {gram.text!r}" for gram in self.grams))

    @property
    def scales(self) -> tuple[Scale, ...]:
        """Counts keep their zero, and their sizes beside each other."""
        plain = (Scale(m, s, False) for m, s in zip(self.means, self.stds, strict=True))
        is_missing = (Scale(0.0, 1.0, False),) if self.had_missing else ()
        return (*plain, *is_missing, *[Scale(0.0, self.spread, False)] * len(self.grams))

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Parts as float32 (N, P); a missing cell is a text of no length.

        >>> good, of = Gram(kind="word", text="good", weight=2.0), dict(means=(0, 0), stds=(1, 1))
        >>> remark = FittedText(grams=(good,), had_missing=True, spread=1, **of)
        >>> remark.transform(pa.array(["Good, good!", None])).values.round(2)
        array([[2.48, 1.1 , 0.  , 2.2 ],
               [0.  , 0.  , 1.  , 0.  ]], dtype=float32)
        """
        cells = one_array(column)
        value_NP = np.zeros((len(cells), *self.shape), np.float32)
        if not is_text(cells.type) and not pa.types.is_null(cells.type):
            at = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False)).tolist()
            reason = f"is a {cells.type}, not text"
            return Transformed(value_NP, tuple(BadCell(i, cell_text(cells, i), reason) for i in at))
        given = self.given(cells)
        length_N = pc.fill_null(pc.utf8_length(given), 0).to_numpy(zero_copy_only=False)
        value_NP[:, 0] = np.log1p(length_N)
        if self.had_missing:
            value_NP[:, 2] = given.is_null().to_numpy(zero_copy_only=False)
        for begin in range(0, len(given), _BLOCK_TEXTS):
            block = plain_texts(given.slice(begin, _BLOCK_TEXTS))
            self._count(block, value_NP[begin : begin + _BLOCK_TEXTS])
        return Transformed(value_NP)

    def json_schema(self) -> dict[str, Any]:
        """Text or null."""
        return {"type": ["string", "null"], "description": "A short text."}

    def _count(self, texts: list[str], value_NP: np.ndarray) -> None:
        """Put the number of words and the weighted counts of some texts in place."""
        found = grams(texts)
        value_NP[:, 1] = np.log1p(found.num_words_N)
        if not self.grams:
            return
        look = self._lookup
        hash_P, place_P, weight_P = look.hash_P, look.place_P, look.weight_P
        at_G = np.searchsorted(hash_P, found.hash_G).clip(max=len(hash_P) - 1)
        known_G = np.flatnonzero(hash_P[at_G] == found.hash_G)
        flat_G = found.row_G[known_G] * len(hash_P) + place_P[at_G[known_G]]
        count_NP = np.bincount(flat_G, minlength=len(texts) * len(hash_P))
        value_NP[:, self.num_plain :] = (
            np.log1p(count_NP.reshape(len(texts), len(hash_P))) * weight_P
        )

    @cached_property
    def _lookup(self) -> _Lookup:
        hash_P = gram_hashes([(gram.kind, gram.text) for gram in self.grams])
        place_P = hash_P.argsort()
        weight_P = np.array([gram.weight for gram in self.grams])
        return _Lookup(hash_P[place_P], place_P, weight_P)
