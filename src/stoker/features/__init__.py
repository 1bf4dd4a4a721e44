"""Features: how one typed column becomes tensors.

A `Feature` is what the recipe says; `fit` looks at the training part and gives a `FittedFeature`,
a frozen value that is stored in the bundle and turns raw cells into tensors, the same in preparing,
evaluating and serving.  Features yield *raw typed tensors* (uint8 pixels, float64 numbers that may
be NaN, int32 codes with 0 for unseen or missing); scaling lives in the exported graph.  A row of a
column is one value, a picture, D numbers that have names (the parts of a date), or any number of
tokens.  What a network has to know of a tensor the fitted feature says itself (`holds`), so no
network knows a feature by name.

Each feature is a file with two classes: the recipe's step, and what it learned from the training
part, which is stored in the bundle.

Imports numpy and pyarrow, never torch: a server loads this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from stoker.cells import BadCell, MediaKind
from stoker.cells.ragged import Ragged, Rows
from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stoker.cells.decoder import Decoder


class Form(NamedTuple):
    """What a tensor of many rows looks like."""

    dtype: np.dtype[Any]
    """Type of its numbers."""
    shape: tuple[int, ...]
    """Shape of one row; of one value where rows have any number of them."""
    ragged: bool = False
    """Whether rows have any number of values."""


@dataclass(frozen=True)
class Transformed:
    """A column as a tensor, and the cells that would not become one."""

    values: np.ndarray
    """Shape (N, *feature.shape); rows of bad cells hold zeros.  Of rows of any length all values,
    end to end, shape (V, *feature.shape)."""
    bad: tuple[BadCell, ...] = ()
    """Bad cells by rising index, at most one an index."""
    unseen_N: np.ndarray | None = None
    """Which cells hold what training never saw (another category, a number outside its range), bool
    (N,); None where there is none."""
    offsets: np.ndarray | None = None
    """Where each row begins in `values`, int64 (N + 1,), of rows of any length; None: all rows have
    one shape."""

    def rows(self, index_M: np.ndarray | None = None) -> Rows:
        """The tensors of some rows, in this order; None: of all, without a copy."""
        if self.offsets is None:
            return self.values if index_M is None else self.values[index_M]
        ragged = Ragged(self.values, self.offsets)
        return ragged if index_M is None else ragged.gather(index_M)


class Scale(NamedTuple):
    """What a network needs to know of one number of a row."""

    mean: float
    """What it subtracts."""
    std: float
    """What it divides by, above 0."""
    had_missing: bool
    """Whether the network gets an indicator of missing cells."""
    period: float | None = None
    """After how much the number begins anew (24 for hours): networks get sine and cosine too."""


class Numbers(NamedTuple):
    """A tensor of one number or D numbers a row, NaN where missing."""

    scales: tuple[Scale, ...]
    """One for each number of a row."""


class Codes(NamedTuple):
    """A tensor of one int32 code a row, 0 for missing and unseen ones."""

    num_codes: int
    """Codes there are, 0 among them."""


class Pixels(NamedTuple):
    """A tensor of one uint8 picture a row, (channels, height, width)."""

    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    """Of each channel, on the scale 0 to 1."""
    std: tuple[float, ...]
    """Of each channel, on the scale 0 to 1."""


class TokenIds(NamedTuple):
    """Rows of any number of ids: words, or pieces of words."""

    num_tokens: int
    """Ids there are; 0 means nothing, and pads rows."""


Kind = Numbers | Codes | Pixels | TokenIds
"""What the tensor of a column holds, as a network has to know it."""


OTHER_SPELLING = "if its values are only written in another way, write them as training had them"


class FittedFeature(Step, ABC):
    """A feature that has seen the training part."""

    ragged: ClassVar[bool] = False
    """Whether a row is any number of values, such as the tokens of a text."""

    media: ClassVar[MediaKind | None] = None
    """What file the raw cells are; None: they are values."""

    documents: ClassVar[bool] = False
    """Whether a raw cell may be a whole text, such as a file holds."""

    @property
    def holds(self) -> Kind | None:
        """What a network has to know of the tensor; None: no network can take it."""
        return None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one row: `()` for one value, (D,) for D numbers, (C, H, W) for an image."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Type of the tensor."""

    @property
    def form(self) -> Form:
        """What its tensor looks like."""
        return Form(self.dtype, self.shape, self.ragged)

    @property
    def part_names(self) -> tuple[str, ...]:
        """What each of the D numbers of a (D,) tensor is; empty for any other shape."""
        return ()

    @abstractmethod
    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Tensors of raw cells, one row each, in order."""

    def transform_with(
        self, column: pa.ChunkedArray | pa.Array, decoder: Decoder, /
    ) -> Transformed:
        """The same, with what decodes files of its kind in other processes."""
        return self.transform(column)

    @property
    def pixel_limit(self) -> int | None:
        """Most pixels of a picture as it comes; None where cells are no pictures."""
        return None

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of one raw cell, for the server's OpenAPI document."""

    @property
    def unseen_advice(self) -> str:
        """What it mostly means that training saw nothing of what a whole column holds."""
        return OTHER_SPELLING

    def unseen_hint(self, _cell: str, /) -> str:
        """What to say of a cell that training never saw, besides that; empty: nothing."""
        return ""


class NumericFeature(FittedFeature):
    """A fitted feature whose tensor holds one number or D numbers a row, NaN where missing."""

    @property
    def holds(self) -> Numbers:
        """Numbers with their scales."""
        return Numbers(self.scales)

    @property
    @abstractmethod
    def scales(self) -> tuple[Scale, ...]:
        """One for each number of a row."""


class Feature(Step, ABC):
    """How one column becomes tensors, before anything was seen.

    Promise: `fit` looks only at what it is given; a fitted feature survives JSON unchanged;
    `transform` of a table equals `transform` of its rows one by one.
    """

    media: ClassVar[MediaKind | None] = None
    """What file the raw cells are; None: they are values."""

    ragged: ClassVar[bool] = False
    """Whether rows will have any number of values, such as the tokens of a text."""

    @abstractmethod
    def fit(self, column: pa.ChunkedArray) -> FittedFeature:
        """Learn from the training part (for media: from a sample of it, as large_binary).

        Raises:
            DataError: If the column's type cannot be read, or nothing in it can be.
        """

    def fit_with(self, column: pa.ChunkedArray, decoder: Decoder, /) -> FittedFeature:
        """The same, with what decodes files of its kind in other processes."""
        return self.fit(column)

    @property
    def pixel_limit(self) -> int | None:
        """Most pixels of a picture as it comes; None where cells are no pictures."""
        return None

    def picture_shape(self, found: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
        """Channels, height and width that a model sees of a picture; None: cells are no pictures.

        Args:
            found: Those of most pictures as they come; None where that is not known.
        """
        return None
