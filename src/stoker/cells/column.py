"""The form of a column of tensors: what a file, a buffer and a graph must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Column:
    """Form of one column.

    >>> Column("uint8", (3,)).described
    {'dtype': 'uint8', 'shape': [3], 'ragged': False}
    """

    dtype: str
    """uint8, uint16, uint32, int32, int64, float32 or float64; on the disk little-endian."""
    shape: tuple[int, ...] = ()
    """Shape of one row; of one value for a ragged column."""
    ragged: bool = False
    """Whether rows have any number of values."""

    @classmethod
    def read(cls, described: dict[str, Any]) -> Column:
        """The form that `described` gave; other keys are not looked at."""
        return cls(described["dtype"], tuple(described["shape"]), described["ragged"])

    @property
    def described(self) -> dict[str, Any]:
        """As JSON values."""
        return {"dtype": self.dtype, "shape": list(self.shape), "ragged": self.ragged}

    @property
    def stride(self) -> int:
        """Bytes of one row, or of one value."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    @property
    def disk_dtype(self) -> np.dtype[Any]:
        """Little-endian type."""
        return np.dtype(self.dtype).newbyteorder("<")
