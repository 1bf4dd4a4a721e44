"""A column of texts of any length (reviews, letters, articles), as the tokens of a vocabulary.

A row is as many numbers as its text has pieces.  The vocabulary is trained on the training part, or
is that of a pretrained model, read from its `tokenizer.json`.  A text that is longer than a model
takes is cut at `max_length` tokens; how many were, is said and counted.

Not done: short texts beside numbers in a table, of which `text` makes numbers that trees can use.

Cost: training the vocabulary takes some seconds for 10 MB and looks at 50 MB at most; a text of 200
words then takes 0.3 ms.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stoker.cells import BadCell
from stoker.cells.ragged import Ragged, joined_rows
from stoker.cells.raw import MISSING_TEXTS, cell_text, is_text, one_array, spelled_missing
from stoker.cells.tokenizer import (
    NormalForm,
    Tokenizer,
    bounds,
    encode,
    read_tokenizer,
    train_tokenizer,
)
from stoker.core import events
from stoker.core.errors import ArtifactError, DataError, RecipeError
from stoker.features import Feature, FittedFeature, TokenIds, Transformed

_BLOCK_TEXTS = 1_024
_MOST_NARROW = 1 << 16
_MOST_TRAINED_BYTES = 50_000_000
"""Text that a vocabulary is trained on; more changes next to none of its pieces."""

_SAMPLED_TEXTS = 2_000
"""Texts from which the usual length is learned where none is cut."""


class FittedTokens(FittedFeature):
    """Turns texts into tokens."""

    ragged: ClassVar[bool] = True

    tokenizer: str
    """The tokeniser, as JSON."""
    num_tokens: Annotated[int, Field(ge=1)]
    """Tokens that can occur: each is a number below it."""
    max_length: Annotated[int, Field(ge=1)] | None
    """Tokens after which a text is cut."""
    missing: tuple[str, ...] = MISSING_TEXTS
    """Texts that mean "no value"."""
    prefix: str = ""
    """What stands before every text that is not missing."""
    mean_length: float = 0.0
    """About how many tokens a training text has, before any was cut."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One number a token."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint16, or uint32 where there are more tokens than fit."""
        return np.dtype(np.uint16 if self.num_tokens <= _MOST_NARROW else np.uint32)

    @property
    def holds(self) -> TokenIds:
        """Tokens, as many as there are pieces."""
        return TokenIds(self.num_tokens)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Tokens end to end; a missing cell has none.

        >>> column = pa.chunked_array([["good, very good", "bad"] * 9])
        >>> review = Tokens(size=300).fit(column)
        >>> review.transform(pa.array(["bad good", None])).rows().lengths
        array([2, 0])
        """
        cells = one_array(column)
        if not is_text(cells.type) and not pa.types.is_null(cells.type):
            at = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False)).tolist()
            reason = f"is a {cells.type}, not text"
            bad = tuple(BadCell(i, cell_text(cells, i), reason) for i in at)
            none = np.zeros(0, self.dtype)
            return Transformed(none, bad, offsets=np.zeros(len(cells) + 1, np.int64))
        rows = self._cut(self.all_tokens(cells))
        return Transformed(rows.values.astype(self.dtype), offsets=rows.offsets)

    def all_tokens(self, cells: pa.Array) -> Ragged:
        """Tokens of texts, none of which is cut."""
        given = _given(cells, self.missing)
        if self.prefix:
            given = pc.if_else(
                pc.equal(given, ""), given, pc.binary_join_element_wise(self.prefix, given, "")
            )
        blocks = [
            encode(self.reader, given.slice(begin, _BLOCK_TEXTS).to_pylist())
            for begin in range(0, len(given), _BLOCK_TEXTS)
        ]
        lengths_N = np.concatenate([np.zeros(0, np.int64), *(block.lengths for block in blocks)])
        values = np.concatenate([np.zeros(0, np.int32), *(block.values for block in blocks)])
        return Ragged(values, np.concatenate([np.zeros(1, np.int64), lengths_N.cumsum()]))

    def bounds(self, column: pa.ChunkedArray | pa.Array) -> Ragged:
        """First character of each token that `transform` gives and the one behind it, (V, 2).

        >>> name = Tokens(size=300).fit(pa.chunked_array([["Eva Li"] * 9]))
        >>> name.bounds(pa.array(["Li", None])).values.tolist()
        [[0, 2]]
        """
        given = _given(one_array(column), self.missing)
        blocks = [
            bounds(self.reader, given.slice(begin, _BLOCK_TEXTS).to_pylist())
            for begin in range(0, max(len(given), 1), _BLOCK_TEXTS)
        ]
        whole = joined_rows(blocks)
        assert isinstance(whole, Ragged)
        return self._cut(whole)

    def json_schema(self) -> dict[str, Any]:
        """Text or null."""
        return {"type": ["string", "null"], "description": "A text of any length."}

    @cached_property
    def reader(self) -> Tokenizer:
        """What cuts texts into tokens."""
        return read_tokenizer(self.tokenizer)

    def _cut(self, rows: Ragged) -> Ragged:
        """No row longer than is allowed."""
        if self.max_length is None or rows.lengths.max(initial=0) <= self.max_length:
            return rows
        length_N = np.minimum(rows.lengths, self.max_length)
        kept = np.arange(len(rows.values)) - np.repeat(rows.offsets[:-1], rows.lengths)
        offsets = np.concatenate([np.zeros(1, np.int64), length_N.cumsum()])
        return Ragged(rows.values[kept < self.max_length], offsets)


class Tokens(Feature):
    """Text of any length whose words and their order say something."""

    ragged: ClassVar[bool] = True

    size: Annotated[int, Field(ge=256, le=1_000_000)] = 32_000
    """Most pieces of a vocabulary that is trained here; fewer where texts are few."""
    lower: bool = True
    """Whether case tells nothing apart; say false for names and code."""
    normal_form: NormalForm = "nfc"
    """Unicode form that texts are brought to; `nfkc` makes full-width signs plain, `none` keeps
    every sign as it is."""
    tokenizer: Path | None = None
    """A `tokenizer.json` to read; then `size`, `lower` and `normal_form` are its own."""
    max_length: Annotated[int, Field(ge=1)] | None = None
    """Tokens after which a text is cut; absent: none is."""
    missing: tuple[str, ...] = MISSING_TEXTS
    """Texts that mean "no value", besides an empty cell, whatever their case and blanks around."""
    prefix: str = ""
    """What a pretrained model wants before each text, such as `query: ` for those of E5."""

    def fit(self, column: pa.ChunkedArray) -> FittedTokens:
        """Train or read the vocabulary.

        Raises:
            DataError: If the column is no text, or every cell is missing.
            RecipeError: If the file of a tokeniser cannot be read.
        """
        cells = one_array(column)
        if not is_text(cells.type) and not pa.types.is_null(cells.type):
            raise DataError(
                f"the column is of type {column.type}, not text",
                expected="text",
                fix="say number, category, boolean or timestamp",
            )
        given = _given(cells, self.missing)
        given = given.filter(pc.not_equal(given, ""))
        if not len(given):
            raise DataError(
                f"all of the {len(column)} training cells are missing",
                expected="at least one training row with text",
                fix="leave the column out of inputs",
            )
        written = self._trained(given) if self.tokenizer is None else _read(self.tokenizer)
        fitted = FittedTokens(
            tokenizer=written,
            num_tokens=read_tokenizer(written).size,
            max_length=self.max_length,
            missing=self.missing,
            prefix=self.prefix,
        )
        if self.max_length is None:
            given = given.take(pa.array(np.arange(0, len(given), -(-len(given) // _SAMPLED_TEXTS))))
        length_N = fitted.all_tokens(given).lengths
        _warn_of_cut(length_N, self.max_length)
        return fitted.model_copy(update={"mean_length": float(f"{length_N.mean():.4g}")})

    def _trained(self, given: pa.Array) -> str:
        """A vocabulary of evenly spaced texts."""
        num_bytes = int(pc.sum(pc.binary_length(given)).as_py())
        step = -(-num_bytes // _MOST_TRAINED_BYTES)
        texts = given.take(pa.array(np.arange(0, len(given), step))).to_pylist()
        return train_tokenizer(
            texts, size=self.size, lower=self.lower, normal_form=self.normal_form
        )


def _given(cells: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    """Texts, empty where missing."""
    if pa.types.is_null(cells.type):
        return pa.array([""] * len(cells), pa.string())
    is_missing = pc.or_kleene(spelled_missing(cells, ("", *missing)), cells.is_null())
    return pc.if_else(is_missing, pa.scalar("", cells.type), cells)


def _read(path: Path) -> str:
    try:
        written = path.read_text("utf-8")
        read_tokenizer(written)
        return written
    except (OSError, UnicodeDecodeError, ArtifactError) as error:
        reason = error.what if isinstance(error, ArtifactError) else error
        raise RecipeError(
            f"the tokeniser {str(path)!r} cannot be read ({reason})",
            expected="a file tokenizer.json, as Hugging Face writes it",
            fix="name the file, or leave `tokenizer` out and let one be trained",
        ) from None


def _warn_of_cut(length_N: np.ndarray, max_length: int | None) -> None:
    """Say how much of the training text a model will not see."""
    if max_length is None or not (length_N > max_length).any():
        return
    lost = int(np.maximum(length_N - max_length, 0).sum())
    events.warning(
        f"{int((length_N > max_length).sum()):,} of {len(length_N):,} texts are longer than "
        f"max_length {max_length:,} and cut there: {lost / length_N.sum():.1%} of all tokens; the "
        f"longest has {int(length_N.max()):,}"
    )
