"""Features: how one typed column becomes tensors.

A `Feature` is what the recipe says; `fit` looks at the training part and gives a `FittedFeature`,
a frozen value that is stored in the bundle and turns raw cells into tensors, the same in preparing,
evaluating and serving.  Features yield *raw typed tensors* (uint8 pixels, float32 numbers that may
be
NaN, int32 codes with 0 for unseen or missing); scaling of pixels lives in the exported graph.

Imports numpy and pyarrow, never torch: a server loads this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stoker.core.steps import Step

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class BadCell:
    """A raw cell that cannot become a tensor."""

    index: int
    """Position in the column that was given, from 0."""
    found: str
    """What stands there, shortened."""
    reason: str
    """Why it will not do, and what would."""


@dataclass(frozen=True)
class Transformed:
    """A column as a tensor, and the cells that would not become one."""

    values: np.ndarray
    """Shape (N, *feature.shape); rows of bad cells hold zeros."""
    bad: tuple[BadCell, ...] = ()


class FittedFeature(Step, ABC):
    """A feature that has seen the training part."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one row's tensor: `()` for a number or a category, (C, H, W) for an image."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Type of the tensor."""

    @abstractmethod
    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Tensors of raw cells, one row each, in order."""

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of one raw cell, for the server's OpenAPI document."""


class Feature(Step, ABC):
    """How one column becomes tensors, before anything was seen.

    Promise: `fit` looks only at what it is given; a fitted feature survives JSON unchanged;
    `transform`
    of a table equals `transform` of its rows one by one.
    """

    media: ClassVar[bool] = False
    """Whether raw cells are encoded bytes (an image file) rather than values."""

    @abstractmethod
    def fit(self, column: pa.ChunkedArray) -> FittedFeature:
        """Learn from the training part (for media: from a sample of it, as large_binary)."""
