"""A column of short texts (titles, remarks, addresses), as words and runs of letters.

A row becomes its length, its number of words, and how often each of the chosen grams stands in it,
weighted by how rare the gram is (tf-idf).  Grams are words, pairs of words, and runs of three to
five letters inside words, which meet misspellings and endings; in Chinese, signs and pairs of
signs.  Those are chosen that tell rows apart best, and of grams that stand in the same rows one.
The target is not looked at, so nothing can leak into the choice.

Not done: meaning.  A synonym that training did not have is a stranger; long documents are cut.

Cost: `fit` looks at 10,000 training rows at most and takes about a second; a text of 50 characters
then takes 15 µs.

Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval",
https://doi.org/10.1016/0306-4573(88)90021-0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.gram_choice import choose_grams
from stoker.cells.grams import Kind, gram_hashes, grams, plain_texts
from stoker.cells.missing_words import MissingTexts
from stoker.cells.raw import MISSING_TEXTS, cell_text, is_text, one_array, spelled_missing
from stoker.core.errors import DataError
from stoker.core.value import Value
from stoker.features import Feature, NumericFeature, Scale, Transformed

_BLOCK_TEXTS = 4_096
"""Texts of which grams are made at once, so that memory does not grow with the rows."""
_PLAIN = ("length", "words")


class ShortTextCells(Value):
    """Which texts mean that there is none."""

    missing: MissingTexts = MISSING_TEXTS
    """Texts that mean "no value", besides an empty cell, whatever their case and blanks around: a
    list, or `{also: ["k.A."]}` for these and the usual ones."""

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


class FittedText(ShortTextCells, NumericFeature):
    """Turns cells into length, number of words, and weighted counts of grams."""

    documents: ClassVar[bool] = True

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


_ROWS_A_GRAM = 10
"""Training rows for each gram, where rows are few."""
_FEWEST_GRAMS = 8
_SAMPLED_ROWS = 10_000


class Text(ShortTextCells, Feature):
    """Short text whose words say something."""

    num_grams: Annotated[int, Field(ge=0, le=10_000)] = 100
    """At most this many words and runs of letters are counted; fewer where rows are few."""

    def fit(self, column: pa.ChunkedArray) -> FittedText:
        """Choose the grams.

        Raises:
            DataError: If the column is no text, or every cell is missing.
        """
        cells = one_array(column)
        if not is_text(cells.type) and not pa.types.is_null(cells.type):
            raise DataError(
                f"the column is of type {column.type}, not text",
                expected="text",
                fix="say number, category, boolean or timestamp",
            )
        given = self.given(cells).drop_null()
        if not len(given):
            raise DataError(
                f"all of the {len(column)} training cells are missing",
                expected="at least one training row with text",
                fix="leave the column out of inputs",
            )
        num_grams = min(self.num_grams, max(_FEWEST_GRAMS, len(given) // _ROWS_A_GRAM))
        step = -(-len(given) // _SAMPLED_ROWS)
        sample = given.take(pa.array(np.arange(0, len(given), step)))
        chosen = choose_grams(plain_texts(sample), min(num_grams, self.num_grams))
        fitted = FittedText(
            missing=self.missing,
            grams=tuple(Gram(kind=kind, text=text, weight=weight) for kind, text, weight in chosen),
            had_missing=len(given) < len(column),
            means=(0.0, 0.0),
            stds=(1.0, 1.0),
            spread=1.0,
        )
        value_NP = fitted.transform(sample).values.astype(np.float64)
        std_P = value_NP.std(axis=0)
        spread = float(np.sqrt(np.mean(std_P[fitted.num_plain :] ** 2))) if chosen else 1.0
        return fitted.model_copy(
            update={
                "means": tuple(value_NP[:, :2].mean(axis=0).tolist()),
                "stds": tuple((std_P[:2] + (std_P[:2] == 0)).tolist()),
                "spread": spread or 1.0,
            }
        )
